#include "options.h"

#include <string.h>
#include <unistd.h>

static const char usage[] =
    "sseload -p PORT [options] STAGE ...\n"
    "  STAGE        RATExBATCHxSECONDS: events a second, events a notice; none: connect only\n"
    "  -n CLIENTS   clients, spread over the streams (1000)\n"
    "  -c STREAMS   streams (1)\n"
    "  -p PORT      the server's, on 127.0.0.1\n"
    "  -q PORT      where events are posted (the same)\n"
    "  -P PIDS      the server's processes, whose CPU and memory are measured\n"
    "  -u PATH      of a stream, %s for its name (/pipelines/%s/sse)\n"
    "  -U PATH      to post a stream's payloads to, one a line (/publish/%s)\n"
    "  -s BYTES     of a payload (200)\n"
    "  -w COUNT     connections on their way at once (256)\n"
    "  -R COUNT     events of each stream published before anybody connects (0)\n"
    "  -e COUNT     how many of those a client gets (all)\n"
    "  -I PREFIX    of ids: clients connect with the id of the event before those that they get\n"
    "  -k RATE      clients a second that go and come back (needs -I)\n"
    "  -D SECONDS   to wait for the last events of a stage (5)\n"
    "  -m SECONDS   until memory is measured (1)\n"
    "  -i SECONDS   behind that, in which nothing is published, for what idle clients cost (0)\n"
    "  -1           post each event of a notice by itself\n"
    "  -y           sleep while nothing is to be done\n"
    "  -b           clients that are refused or closed before the first stage ask again\n"
    "  -a           go through all stages, also behind one that was not sustained\n";

static _Noreturn void refuse(const char *what)
{
    fprintf(stderr, "sseload: %s\n%s", what, usage);
    exit(2);
}

static void take_option(Options *options, int letter, const char *value)
{
    switch (letter) {
    case 'n': options->clients = atoi(value); break;
    case 'c': options->streams = atoi(value); break;
    case 'p': options->port = atoi(value); break;
    case 'q': options->publish_port = atoi(value); break;
    case 'P': options->pids = value; break;
    case 'u': options->follow = value; break;
    case 'U': options->publish = value; break;
    case 's': options->payload_size = atoi(value); break;
    case 'w': options->connecting = atoi(value); break;
    case 'R': options->replay = atoi(value); break;
    case 'e': options->expected = atoi(value); break;
    case 'I': options->id_prefix = value; break;
    case 'k': options->reconnects = atof(value); break;
    case 'D': options->drain_seconds = atoi(value); break;
    case 'm': options->settle_seconds = atoi(value); break;
    case 'i': options->idle_seconds = atoi(value); break;
    case '1': options->singly = true; break;
    case 'y': options->sleeps = true; break;
    case 'b': options->returns = true; break;
    case 'a': options->climb = false; break;
    default: refuse("unknown option");
    }
}

static Stage stage_of(const char *text)
{
    Stage stage;
    char beyond;
    if (sscanf(text, "%lfx%dx%lf%c", &stage.rate, &stage.batch, &stage.seconds, &beyond) != 3)
        refuse("a stage is RATExBATCHxSECONDS");
    if (stage.rate <= 0 || stage.batch < 1 || stage.seconds <= 0)
        refuse("a stage's numbers are positive");
    return stage;
}

static void check(Options *options)
{
    if (options->port == 0)
        refuse("-p is missing");
    if (options->clients < 1 || options->streams < 1 || options->streams > MOST_STREAMS)
        refuse("too few clients, or too many streams");
    if (options->reconnects > 0 && options->id_prefix == NULL)
        refuse("-k needs -I");
    if (options->publish_port == 0)
        options->publish_port = options->port;
    if (options->expected < 0)
        options->expected = options->replay;
}

Options options_read(int count, char **arguments)
{
    Options options = {
        .clients = 1000, .streams = 1, .payload_size = 200, .connecting = 256, .expected = -1,
        .drain_seconds = 5, .settle_seconds = 1, .climb = true, .pids = "",
        .follow = "/pipelines/%s/sse", .publish = "/publish/%s",
    };
    for (int letter; (letter = getopt(count, arguments, "n:c:p:q:P:u:U:s:w:R:e:I:k:D:m:i:1yab")) != -1;)
        take_option(&options, letter, optarg);
    for (; optind < count && options.stage_count < MOST_STAGES; optind++)
        options.stages[options.stage_count++] = stage_of(arguments[optind]);
    check(&options);
    return options;
}
