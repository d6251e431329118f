/* What was measured, as lines of JSON. */
#ifndef REPORT_H
#define REPORT_H

#include "options.h"

/* What is measured from one moment to another. */
typedef struct {
    u64 time;
    u64 server_cpu_ns;
    u64 idle_us;
    u64 reconnected;
} Moment;

/* How the clients connected, memory before and behind that, and the CPU of idle clients, in µs a second. */
void report_connected(const Options *options, const Moment *began, const Moment *ended, bool complete, u64 rss_before_kb,
                      u64 rss_kb, double idle_cpu_us);

/* `wanted` deliveries took so many seconds; what the clients saw is in the tally. */
void report_stage(const Options *options, const Stage *stage, const Moment *began, const Moment *ended, u64 wanted,
                  double seconds, bool sustained);

#endif
