/* Latencies, counted in buckets that are 3 % wide: every delivery of a run is in here, not a sample of them. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include "../common.h"

enum { BUCKETS = 2048 };

typedef struct {
    u64 counts[BUCKETS];
    u64 total;
    u64 highest;
} Histogram;

void histogram_clear(Histogram *histogram);
void histogram_add(Histogram *histogram, u64 value);

/* The value that a part of all values (0 to 1) does not exceed. */
u64 histogram_quantile(const Histogram *histogram, double part);

#endif
