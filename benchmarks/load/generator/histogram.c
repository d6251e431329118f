#include "histogram.h"

#include <string.h>

/* Each power of two is cut into 32 buckets; values below 64 have a bucket each. */
static int bucket_of(u64 value)
{
    if (value < 64)
        return (int)value;
    int exponent = 63 - __builtin_clzll(value);
    return ((exponent - 5) << 5) + (int)((value >> (exponent - 5)) & 31) + 32;
}

static u64 value_of(int bucket)
{
    if (bucket < 64)
        return (u64)bucket;
    int exponent = ((bucket - 32) >> 5) + 5;
    return (u64)(32 + ((bucket - 32) & 31)) << (exponent - 5);
}

void histogram_clear(Histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(Histogram *histogram, u64 value)
{
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    if (value > histogram->highest)
        histogram->highest = value;
}

u64 histogram_quantile(const Histogram *histogram, double part)
{
    u64 below = 0, wanted = (u64)(part * (double)histogram->total);
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        below += histogram->counts[bucket];
        if (below > wanted)
            return value_of(bucket);
    }
    return histogram->highest;
}
