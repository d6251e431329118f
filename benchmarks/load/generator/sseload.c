/* sseload: many clients of a server that streams events, and the publisher of those events, in one thread.

   Events are published when they are due, whether or not the server keeps up, and their latency counts from then
   (no coordinated omission). Every event of every client is checked and timed. Prints a line of JSON for the
   connecting, and one for each stage. */
#include <string.h>

#include "crowd.h"
#include "process.h"
#include "publisher.h"
#include "report.h"

enum { MOST_POSTS_A_TURN = 16, CONNECT_PATIENCE_SECONDS = 60, REST_US = 300000 };

static const double SUSTAINED_WITHIN = 0.1; /* of a stage's time: so much later the last event may come */

static Options options;
static u32 published[MOST_STREAMS]; /* events of each stream */

static Moment moment(void)
{
    return (Moment){now_us(), processes_cpu_ns(options.pids), crowd.idle_us, crowd.reconnected};
}

static void turn_for(u64 microseconds)
{
    for (u64 end = now_us() + microseconds; now_us() < end;) {
        publisher_flush();
        crowd_turn();
    }
}

static void publish(u32 stream, int batch, u64 due)
{
    int size = options.singly ? 1 : batch;
    for (int i = 0; i < batch; i += size) {
        publisher_post(crowd_stream_name(stream), published[stream] + 1, size, due);
        published[stream] += (u32)size;
    }
}

/* --- connecting */

static void publish_replay(void)
{
    for (int event = 0; event < options.replay; event++)
        for (u32 stream = 0; stream < (u32)options.streams; stream++)
            publish(stream, 1, now_us());
    for (u64 end = now_us() + 30000000; publisher.answers < publisher.posts && now_us() < end;) {
        publisher_flush();
        crowd_turn();
    }
    for (int i = 0; i < options.clients; i++)
        crowd.clients[i].last = (u32)(options.replay - options.expected);
}

static bool all_connected(void)
{
    u64 clients = (u64)options.clients;
    u64 gone = options.returns ? 0 : tally.closed;
    return tally.open + gone >= clients && tally.delivered + tally.missing >= clients * (u64)options.expected;
}

/* Connect those from `next` on, and wait for all. */
static void connect_all(int next)
{
    u64 patience = now_us() + CONNECT_PATIENCE_SECONDS * 1000000ull;
    while (!all_connected() && (options.returns || tally.refused == 0) && now_us() < patience) {
        while (next < options.clients && crowd.connecting < options.connecting)
            crowd_connect(next++);
        crowd_turn();
    }
}

/* What the server's CPU spends while nothing is published, in µs a second. */
static double idle_cpu_us(void)
{
    if (options.idle_seconds == 0)
        return 0;
    Moment began = moment();
    turn_for((u64)options.idle_seconds * 1000000);
    Moment ended = moment();
    return (double)(ended.server_cpu_ns - began.server_cpu_ns) * 1e3 / (double)(ended.time - began.time);
}

static bool connect_and_report(void)
{
    publish_replay();
    u64 memory = processes_rss_kb(options.pids);
    Moment began = moment();
    connect_all(0);
    Moment ended = moment();
    turn_for((u64)options.settle_seconds * 1000000);
    connect_all(options.clients);
    crowd.settled = true;
    bool complete = all_connected() && (options.returns || tally.refused + tally.closed == 0);
    u64 settled = processes_rss_kb(options.pids);
    report_connected(&options, &began, &ended, complete, memory, settled, idle_cpu_us());
    return complete;
}

/* --- stages */

static u64 notices_of(const Stage *stage)
{
    u64 notices = (u64)(stage->seconds * stage->rate / stage->batch);
    return notices > 0 ? notices : 1;
}

/* Each stream's clients want each of its events. */
static u64 wanted_of(u64 notices, int batch)
{
    u64 wanted = 0;
    for (u32 stream = 0; stream < (u32)options.streams; stream++) {
        u64 clients = ((u64)options.clients + (u64)options.streams - 1 - stream) / (u64)options.streams;
        u64 posts = (notices + (u64)options.streams - 1 - stream) / (u64)options.streams;
        wanted += clients * posts * (u64)batch;
    }
    return wanted;
}

/* Publish as events fall due, and have clients go and come back; when the last event went out. */
static u64 publish_stage(const Stage *stage, u64 began, u64 notices)
{
    double period = 1e6 * stage->batch / stage->rate;
    double reconnect_period = options.reconnects > 0 ? 1e6 / options.reconnects : 0;
    u64 reconnects = 0, next = 0, last_at = began;
    u64 give_up = began + (u64)((stage->seconds + options.drain_seconds) * 1e6);
    while (next < notices && now_us() < give_up) {
        for (int i = 0; i < MOST_POSTS_A_TURN && next < notices; i++) {
            u64 due = began + (u64)((double)next * period);
            if (due > now_us())
                break;
            publish((u32)(next++ % (u64)options.streams), stage->batch, due);
            last_at = now_us();
        }
        if (reconnect_period > 0 && now_us() >= began + (u64)((double)reconnects * reconnect_period)) {
            reconnects++;
            crowd_reconnect_one();
        }
        publisher_flush();
        crowd_turn();
    }
    return last_at;
}

static void drain(u64 wanted)
{
    u64 end = now_us() + (u64)options.drain_seconds * 1000000;
    while (tally.delivered + tally.missing < wanted && now_us() < end) {
        publisher_flush();
        crowd_turn();
    }
}

static void clear_tally(void)
{
    tally.delivered = tally.missing = tally.doubled = tally.reads = tally.bytes = 0;
    histogram_clear(&tally.latencies);
    publisher.most_waiting = 0;
}

/* Whether the server delivered all, and was not late: then its rate is the stage's, else it is what it could do. */
static bool run_stage(const Stage *stage)
{
    u64 notices = notices_of(stage), wanted = wanted_of(notices, stage->batch);
    clear_tally();
    Moment began = moment();
    u64 last_at = publish_stage(stage, began.time, notices);
    drain(wanted);
    Moment ended = moment();
    u64 finished = tally.delivered < wanted ? ended.time : tally.newest_at > last_at ? tally.newest_at : last_at;
    double seconds = (double)(finished - began.time) / 1e6;
    bool sustained = tally.delivered == wanted && tally.missing == 0 && seconds <= stage->seconds * (1 + SUSTAINED_WITHIN);
    report_stage(&options, stage, &began, &ended, wanted, seconds > stage->seconds ? seconds : stage->seconds, sustained);
    turn_for(REST_US);
    return sustained;
}

int main(int count, char **arguments)
{
    options = options_read(count, arguments);
    raise_file_limit();
    crowd_gather(&options);
    if (!connect_and_report())
        return 1;
    for (int i = 0; i < options.stage_count; i++)
        if (!run_stage(&options.stages[i]) && options.climb)
            break;
    return 0;
}
