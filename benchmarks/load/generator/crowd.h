/* All clients and the publisher, in one event loop. Unless it is told to, it never sleeps: a server that wakes it would
   pay for that. */
#ifndef CROWD_H
#define CROWD_H

#include "client.h"
#include "options.h"

typedef struct {
    Client *clients;
    int connecting; /* how many are on their way */
    bool settled;   /* those that are refused or closed from now on stay away, also where they would return */
    u64 reconnected;
    u64 idle_us; /* time in which nothing was to be done */
} Crowd;

extern Crowd crowd;

/* Make the clients, and connect the publisher. */
void crowd_gather(const Options *options);

/* Begin to connect a client; it asks for what follows its last event, where ids are known. */
void crowd_connect(int index);

/* Have the next client in turn go and come back; the odd ones are cut, the even ones leave politely. */
void crowd_reconnect_one(void);

/* Do what is to be done now. */
void crowd_turn(void);

/* A stream's name, new in every run. */
const char *crowd_stream_name(u32 stream);

#endif
