#include "client.h"

#include <string.h>
#include <strings.h>

Tally tally;

/* Forget the response that was; what the client has of its stream stays. */
void client_restart(Client *client)
{
    client->place = IN_STATUS;
    client->chunked = client->open = client->refused = false;
    client->got = 0;
    client->left = 0;
    client->line_length = client->mark_length = 0;
}

static void take_event(Client *client, const char *mark, u64 now)
{
    u32 number = mark_number(mark);
    u64 due = mark_time(mark);
    client->got++;
    if (number <= client->last) {
        tally.doubled++;
        return;
    }
    tally.missing += number - client->last - 1;
    client->last = number;
    tally.delivered++;
    tally.newest_at = now;
    histogram_add(&tally.latencies, now > due ? now - due : 0);
}

/* Marks are found wherever they stand, so that every server may frame its events as it likes. */
static void take_body(Client *client, const char *data, size_t length, u64 now)
{
    if (client->mark_length > 0) {
        size_t needed = (size_t)(MARK_LENGTH - client->mark_length);
        size_t taken = length < needed ? length : needed;
        memcpy(client->mark + client->mark_length, data, taken);
        client->mark_length += (int)taken;
        if (client->mark_length < MARK_LENGTH)
            return;
        take_event(client, client->mark, now);
        client->mark_length = 0;
        data += taken;
        length -= taken;
    }
    const char *end = data + length;
    for (const char *mark; (mark = memchr(data, '~', (size_t)(end - data))) != NULL; data = mark + MARK_LENGTH) {
        if (end - mark < MARK_LENGTH) {
            client->mark_length = (int)(end - mark);
            memcpy(client->mark, mark, (size_t)client->mark_length);
            return;
        }
        take_event(client, mark, now);
    }
}

static void take_header(Client *client)
{
    if (client->line_length == 0) {
        client->place = client->chunked ? IN_CHUNK_SIZE : IN_RAW_BODY;
        client->open = true;
        tally.open += !client->refused;
    } else if (!strncasecmp(client->line, "transfer-encoding: chunked", 26)) {
        client->chunked = true;
    }
}

static void take_line(Client *client)
{
    client->line[client->line_length] = 0;
    if (client->place == IN_STATUS) {
        client->refused = strncmp(client->line, "HTTP/1.1 200", 12) != 0;
        if (client->refused && tally.refused++ == 0)
            fprintf(stderr, "refused: %s\n", client->line);
        client->place = IN_HEADERS;
    } else if (client->place == IN_HEADERS) {
        take_header(client);
    } else if (client->line_length > 0) { /* an empty line ends the chunk before */
        client->left = strtoull(client->line, NULL, 16);
        client->place = client->left > 0 ? IN_CHUNK : AT_END;
    }
    client->line_length = 0;
}

static size_t take_piece_of_line(Client *client, const char *data, size_t length)
{
    const char *end = memchr(data, '\n', length);
    size_t taken = end ? (size_t)(end - data) + 1 : length;
    for (size_t i = 0; i < taken; i++)
        if (data[i] != '\r' && data[i] != '\n' && client->line_length < LINE_LENGTH - 1)
            client->line[client->line_length++] = data[i];
    if (end)
        take_line(client);
    return taken;
}

static size_t take_piece_of_chunk(Client *client, const char *data, size_t length, u64 now)
{
    size_t taken = length < client->left ? length : (size_t)client->left;
    take_body(client, data, taken, now);
    client->left -= taken;
    if (client->left == 0)
        client->place = IN_CHUNK_SIZE;
    return taken;
}

void client_take(Client *client, const char *data, size_t length, u64 now)
{
    while (length > 0 && client->place != AT_END) {
        size_t taken = length;
        if (client->place == IN_CHUNK)
            taken = take_piece_of_chunk(client, data, length, now);
        else if (client->place == IN_RAW_BODY)
            take_body(client, data, length, now);
        else
            taken = take_piece_of_line(client, data, length);
        data += taken;
        length -= taken;
    }
}
