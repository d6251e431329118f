/* What the command line says; `options_read` prints the usage where it says something else. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "../common.h"

enum { MOST_STAGES = 512, MOST_STREAMS = 16384 };

typedef struct {
    double rate; /* events a second, of all streams together */
    int batch;   /* events a notice */
    double seconds;
} Stage;

typedef struct {
    int clients;
    int streams;
    int port;
    int publish_port;
    int payload_size;
    int connecting;        /* how many connections may be on their way at once */
    int replay;            /* events that are published before anybody connects */
    int expected;          /* how many of them each client gets */
    int drain_seconds;     /* how long the last events of a stage are waited for */
    int settle_seconds;    /* how long memory is left to settle before it is measured */
    int idle_seconds;      /* how long nothing is published then, to measure what idle clients cost */
    double reconnects;     /* clients a second that go and come back with the id of their last event */
    bool singly;           /* post each event by itself: the server takes a post for one event */
    bool sleeps;           /* while nothing is to be done: latencies are then less sure */
    bool returns;          /* clients that are refused or closed before the first stage ask again */
    bool climb;            /* end at the first stage that the server does not sustain */
    const char *pids;      /* the server's processes */
    const char *follow;    /* path of a stream */
    const char *publish;   /* path to post to */
    const char *id_prefix; /* what stands before the number in an event's id */
    Stage stages[MOST_STAGES];
    int stage_count;
} Options;

Options options_read(int count, char **arguments);

#endif
