/* One client of a stream: reads its response as HTTP/1.1 says, and checks that no event is missing or comes twice. */
#ifndef CLIENT_H
#define CLIENT_H

#include "histogram.h"
#include "mark.h"

enum { LINE_LENGTH = 64 };

typedef enum { IN_STATUS, IN_HEADERS, IN_CHUNK_SIZE, IN_CHUNK, IN_RAW_BODY, AT_END } Place;

typedef struct {
    int fd;
    u32 stream; /* which one it follows */
    u32 last;   /* the newest event that it has, counted from 1 */
    u32 got;    /* events since it connected */
    Place place;
    bool chunked;
    bool open;    /* its response's headers have come */
    bool refused; /* and their status is not 200 */
    u64 left;          /* bytes of the chunk that are still to come */
    int line_length;
    char line[LINE_LENGTH]; /* of headers and chunk sizes; longer lines are cut */
    int mark_length;
    char mark[MARK_LENGTH]; /* one that a read has cut in two */
} Client;

/* What all clients have seen; the counts of events are those of the stage that runs. */
typedef struct {
    u64 open;
    u64 refused; /* answers other than 200 */
    u64 closed;  /* by the server */
    u64 delivered;
    u64 missing;
    u64 doubled;
    u64 reads;
    u64 bytes;
    u64 newest_at; /* when the last event came */
    Histogram latencies;
} Tally;

extern Tally tally;

void client_restart(Client *client);
void client_take(Client *client, const char *data, size_t length, u64 now);

#endif
