#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "publisher.h"

enum { EVENTS_AT_ONCE = 128, READ_LENGTH = 256 << 10, OWN_ADDRESSES = 8, PAUSES = 50 };

static const u64 PUBLISHER = ~0ull;

Crowd crowd;

static const Options *options;
static int events_fd;
static u64 run_id;
static int next_to_reconnect;

const char *crowd_stream_name(u32 stream)
{
    static char name[64];
    snprintf(name, sizeof name, "p_%llx-%u", (unsigned long long)run_id, stream);
    return name;
}

static void watch(int operation, int fd, u32 events, u64 id)
{
    struct epoll_event event = {.events = events, .data.u64 = id};
    if (epoll_ctl(events_fd, operation, fd, &event))
        die("epoll_ctl");
}

void crowd_gather(const Options *given)
{
    options = given;
    run_id = now_us();
    events_fd = epoll_create1(0);
    crowd.clients = calloc((size_t)options->clients, sizeof *crowd.clients);
    for (int i = 0; i < options->clients; i++) {
        crowd.clients[i].fd = -1;
        crowd.clients[i].stream = (u32)(i % options->streams);
    }
    publisher_open(options->publish_port, options->publish, options->payload_size);
    watch(EPOLL_CTL_ADD, publisher.fd, EPOLLIN, PUBLISHER);
}

/* Several addresses of our own: one has too few ports for many clients that come and go. */
static void bind_address(int fd, int index)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (u32)(index % OWN_ADDRESSES));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&own, sizeof own))
        die("bind");
}

void crowd_connect(int index)
{
    Client *client = &crowd.clients[index];
    client_restart(client);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        die("socket");
    bind_address(client->fd, index);
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS)
        die("connect");
    watch(EPOLL_CTL_ADD, client->fd, EPOLLOUT, (u64)index);
    crowd.connecting++;
}

void crowd_reconnect_one(void)
{
    int index = next_to_reconnect;
    Client *client = &crowd.clients[index];
    next_to_reconnect = (index + 1) % options->clients;
    if (!client->open || client->last == 0)
        return; /* it is on its way, or has no id to come back with */
    if (index % 2 == 1) {
        struct linger cut = {.l_onoff = 1, .l_linger = 0};
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &cut, sizeof cut);
    }
    close(client->fd);
    tally.open--;
    crowd.reconnected++;
    crowd_connect(index);
}

static void check_connected(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        errno = error;
        die("connect");
    }
}

static void ask(Client *client, u64 index)
{
    char path[256], cursor[128] = "", request[600];
    check_connected(client->fd);
    snprintf(path, sizeof path, options->follow, crowd_stream_name(client->stream));
    if (options->id_prefix != NULL && client->last > 0)
        snprintf(cursor, sizeof cursor, "Last-Event-ID: %s%u\r\n", options->id_prefix, client->last);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%s\r\n", path, cursor);
    if (send(client->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        die("request");
    watch(EPOLL_CTL_MOD, client->fd, EPOLLIN, index);
}

/* Close a client's connection; where clients return, it asks again at once. */
static void leave(Client *client, u64 index)
{
    close(client->fd);
    if (!client->open)
        crowd.connecting--;
    else if (!client->refused)
        tally.open--;
    client->open = false;
    if (options->returns && !crowd.settled)
        crowd_connect((int)index);
}

static void note_closed(Client *client, u64 index, ssize_t got)
{
    if (tally.closed++ == 0)
        fprintf(stderr, "client %llu was closed (%s) with %u events\n", (unsigned long long)index,
                got < 0 ? strerror(errno) : "end", client->got);
    leave(client, index);
}

static void hear(Client *client, u64 index)
{
    static char buffer[READ_LENGTH];
    ssize_t got = recv(client->fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        note_closed(client, index, got);
        return;
    }
    tally.reads++;
    tally.bytes += (u64)got;
    bool was_open = client->open;
    client_take(client, buffer, (size_t)got, now_us());
    if (client->open && !was_open)
        crowd.connecting--;
    if (client->open && client->refused)
        leave(client, index);
}

static void pause_a_moment(void)
{
#if defined(__x86_64__)
    for (int i = 0; i < PAUSES; i++)
        __builtin_ia32_pause();
#endif
}

void crowd_turn(void)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    u64 began = now_us();
    int count = epoll_wait(events_fd, events, EVENTS_AT_ONCE, options->sleeps ? 1 : 0);
    if (count <= 0) {
        pause_a_moment();
        crowd.idle_us += now_us() - began;
        return;
    }
    for (int i = 0; i < count; i++) {
        u64 id = events[i].data.u64;
        if (id == PUBLISHER)
            publisher_read();
        else if (events[i].events & EPOLLOUT)
            ask(&crowd.clients[id], id);
        else
            hear(&crowd.clients[id], id);
    }
}
