/* The mark that every payload carries: which event of its stream it is, and when it was meant to be sent.

   "~0000000042~0000012345678901~" is event 42, due at that microsecond of the monotonic clock. */
#ifndef MARK_H
#define MARK_H

#include "../common.h"

#define MARK_FORMAT "~%010u~%016llu~"
enum { MARK_LENGTH = 29, MARK_NUMBER = 1, MARK_NUMBER_DIGITS = 10, MARK_TIME = 12, MARK_TIME_DIGITS = 16 };

static inline u64 digits(const char *text, int count)
{
    u64 value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (u64)(text[i] - '0');
    return value;
}

static inline u32 mark_number(const char *mark)
{
    return (u32)digits(mark + MARK_NUMBER, MARK_NUMBER_DIGITS);
}

static inline u64 mark_time(const char *mark)
{
    return digits(mark + MARK_TIME, MARK_TIME_DIGITS);
}

#endif
