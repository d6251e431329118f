/* The publisher: posts events on one connection, without waiting for answers, as they fall due. */
#ifndef PUBLISHER_H
#define PUBLISHER_H

#include "../common.h"

typedef struct {
    int fd;
    u64 posts;
    u64 answers;
    u64 refused;
    u64 most_waiting; /* the most posts that had no answer yet */
} Publisher;

extern Publisher publisher;

/* Connect; `path` is a template with one %s for the stream's name, `size` that of a payload. */
void publisher_open(int port, const char *path, int size);

/* Post `count` events as one notice, the first of them number `first` of its stream, all due at one time. */
void publisher_post(const char *stream, u32 first, int count, u64 due);

/* Send what waits, as far as the socket takes it; whether anything still waits. */
bool publisher_flush(void);

/* Read the answers that have come. */
void publisher_read(void);

#endif
