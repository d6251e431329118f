#include "report.h"

#include "client.h"
#include "process.h"
#include "publisher.h"

static const char *separator = "";

static void begin(const char *phase)
{
    printf("{\"phase\": \"%s\"", phase);
    separator = ", ";
}

static void end(void)
{
    printf("}\n");
    fflush(stdout);
}

static void truth(const char *name, bool value)
{
    printf("%s\"%s\": %s", separator, name, value ? "true" : "false");
}

static void count(const char *name, u64 value)
{
    printf("%s\"%s\": %llu", separator, name, (unsigned long long)value);
}

static void number(const char *name, double value)
{
    printf("%s\"%s\": %.3f", separator, name, value);
}

void report_connected(const Options *options, const Moment *began, const Moment *ended, bool complete, u64 rss_before_kb,
                      u64 rss_kb, double idle_cpu_us)
{
    double seconds = (double)(ended->time - began->time) / 1e6;
    begin("connect");
    truth("complete", complete);
    count("clients", (u64)options->clients);
    count("open", tally.open);
    count("refused", tally.refused);
    count("closed", tally.closed);
    count("replay", (u64)options->expected);
    count("missing", tally.missing);
    count("doubled", tally.doubled);
    number("seconds", seconds);
    number("per_second", (double)tally.open / seconds);
    number("cpu_us_each", (double)(ended->server_cpu_ns - began->server_cpu_ns) / 1e3 / options->clients);
    count("rss_before_kb", rss_before_kb);
    count("rss_kb", rss_kb);
    number("kb_each", ((double)rss_kb - (double)rss_before_kb) / options->clients);
    number("idle_cpu_us", idle_cpu_us);
    end();
}

static void report_deliveries(u64 wanted, double seconds)
{
    count("wanted", wanted);
    count("delivered", tally.delivered);
    count("missing", tally.missing);
    count("doubled", tally.doubled);
    count("closed", tally.closed);
    number("per_second", (double)tally.delivered / seconds);
    count("p50_us", histogram_quantile(&tally.latencies, 0.5));
    count("p99_us", histogram_quantile(&tally.latencies, 0.99));
    count("max_us", tally.latencies.highest);
    number("events_a_read", tally.reads ? (double)tally.delivered / (double)tally.reads : 0);
    number("mb_per_second", (double)tally.bytes / 1e6 / seconds);
}

void report_stage(const Options *options, const Stage *stage, const Moment *began, const Moment *ended, u64 wanted,
                  double seconds, bool sustained)
{
    double elapsed_us = (double)(ended->time - began->time);
    double cpu_us = (double)(ended->server_cpu_ns - began->server_cpu_ns) / 1e3;
    begin("stage");
    truth("sustained", sustained);
    number("rate", stage->rate);
    count("batch", (u64)stage->batch);
    number("seconds", stage->seconds);
    count("clients", (u64)options->clients);
    count("streams", (u64)options->streams);
    report_deliveries(wanted, seconds);
    number("cpu_percent", 100 * cpu_us / elapsed_us);
    number("cpu_us_each", tally.delivered ? cpu_us / (double)tally.delivered : 0);
    number("generator_idle_percent", 100 * (double)(ended->idle_us - began->idle_us) / elapsed_us);
    count("most_posts_waiting", publisher.most_waiting);
    count("posts_refused", publisher.refused);
    count("reconnected", ended->reconnected - began->reconnected);
    count("rss_kb", processes_rss_kb(options->pids));
    end();
}
