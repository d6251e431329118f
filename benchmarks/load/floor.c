/* floor: the least that a server can do. One send(2) for each event and client, and nothing else.

   GET anything begins a stream, POST /publish/... publishes a payload a line to all clients. With COALESCE in the
   environment, what one turn of the loop has brought goes out in one send. No client is checked for having room: the
   generator reads all. */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_FILES = 20000, BACKLOG = 4096, EVENTS_AT_ONCE = 256, PENDING_ROOM = 8 << 20, REQUEST_ROOM = 1 << 20 };

static const char stream_head[] =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
static const char posted[] = "HTTP/1.1 204 No Content\r\n\r\n";

static int events_fd, listening_fd;
static bool coalesces;
static int clients[MOST_FILES], place_of[MOST_FILES], client_count;
static bool is_client[MOST_FILES];
static char pending[PENDING_ROOM]; /* frames that no client has yet */
static size_t pending_length;
static char requests[REQUEST_ROOM]; /* of the one publisher */
static size_t requests_length;
static unsigned newest;

/* --- clients */

static void add_client(int fd)
{
    send(fd, stream_head, sizeof stream_head - 1, MSG_NOSIGNAL);
    is_client[fd] = true;
    place_of[fd] = client_count;
    clients[client_count++] = fd;
}

static void remove_client(int fd)
{
    int last = clients[--client_count];
    clients[place_of[fd]] = last;
    place_of[last] = place_of[fd];
    is_client[fd] = false;
}

static void send_pending(void)
{
    static char chunk[PENDING_ROOM + 32];
    if (pending_length == 0)
        return;
    int head = sprintf(chunk, "%zx\r\n", pending_length);
    memcpy(chunk + head, pending, pending_length);
    memcpy(chunk + head + pending_length, "\r\n", 2);
    size_t length = (size_t)head + pending_length + 2;
    for (int i = 0; i < client_count; i++)
        if (send(clients[i], chunk, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
            shutdown(clients[i], SHUT_RDWR); /* it would miss something, so it must not look well */
    pending_length = 0;
}

/* --- the publisher */

static void add_frame(const char *payload, size_t length)
{
    if (pending_length + length + 32 > PENDING_ROOM)
        send_pending();
    pending_length += (size_t)sprintf(pending + pending_length, "id: %u\ndata: ", ++newest);
    memcpy(pending + pending_length, payload, length);
    pending_length += length;
    memcpy(pending + pending_length, "\n\n", 2);
    pending_length += 2;
    if (!coalesces)
        send_pending();
}

static void publish(const char *body, size_t length)
{
    const char *end = body + length;
    while (body < end) {
        const char *newline = memchr(body, '\n', (size_t)(end - body));
        const char *line_end = newline ? newline : end;
        add_frame(body, (size_t)(line_end - body));
        body = line_end + 1;
    }
}

/* The length of the whole request at `request`, and where its body begins; 0 where it has not all come. */
static size_t whole_request(char *request, size_t length, char **body)
{
    char *blank = memmem(request, length, "\r\n\r\n", 4);
    if (blank == NULL)
        return 0;
    *body = blank + 4;
    char *header = memmem(request, (size_t)(blank - request), "Content-Length: ", 16);
    size_t whole = (size_t)(*body - request) + (header ? (size_t)atol(header + 16) : 0);
    return whole <= length ? whole : 0;
}

static void take_posts(int fd)
{
    char *at = requests, *end = requests + requests_length, *body;
    for (size_t whole; (whole = whole_request(at, (size_t)(end - at), &body)) > 0; at += whole) {
        publish(body, (size_t)(at + whole - body));
        send(fd, posted, sizeof posted - 1, MSG_NOSIGNAL);
    }
    requests_length = (size_t)(end - at);
    memmove(requests, at, requests_length);
}

/* --- connections */

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(events_fd, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl");
}

static void accept_all(void)
{
    for (int fd; (fd = accept4(listening_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        if (fd >= MOST_FILES)
            exit(1);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        watch(fd);
    }
}

static void hear(int fd)
{
    ssize_t got = recv(fd, requests + requests_length, REQUEST_ROOM - requests_length, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        if (is_client[fd])
            remove_client(fd);
        close(fd);
    } else if (requests_length == 0 && got > 3 && !memcmp(requests, "GET", 3)) {
        add_client(fd);
    } else {
        requests_length += (size_t)got;
        take_posts(fd);
    }
}

static void listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listening_fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listening_fd, (struct sockaddr *)&address, sizeof address) || listen(listening_fd, BACKLOG))
        die("listen");
    events_fd = epoll_create1(0);
    watch(listening_fd);
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "floor PORT\n");
        return 2;
    }
    raise_file_limit();
    coalesces = getenv("COALESCE") != NULL;
    listen_on(atoi(arguments[1]));
    for (;;) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int ready = epoll_wait(events_fd, events, EVENTS_AT_ONCE, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listening_fd)
                accept_all();
            else
                hear(events[i].data.fd);
        }
        if (coalesces)
            send_pending();
    }
}
