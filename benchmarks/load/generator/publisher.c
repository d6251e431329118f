#include "publisher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mark.h"

enum { ROOM = 128 << 20, LONGEST_PAYLOAD = 64 << 10, TAIL = 8 };

Publisher publisher = {.fd = -1};

static const char *path_template;
static char padding[LONGEST_PAYLOAD];
static char *waiting;
static size_t length, sent;

void publisher_open(int port, const char *path, int size)
{
    static const int wrapping = MARK_LENGTH + sizeof "{\"at\":\"\",\"pad\":\"\"}" - 1;
    int pad = size > wrapping ? size - wrapping : 1;
    memset(padding, 'x', (size_t)(pad < LONGEST_PAYLOAD ? pad : LONGEST_PAYLOAD - 1));
    path_template = path;
    waiting = malloc(ROOM);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    publisher.fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(publisher.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(publisher.fd, (struct sockaddr *)&address, sizeof address))
        die("publisher: connect");
    fcntl(publisher.fd, F_SETFL, O_NONBLOCK);
}

static void append(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(waiting + length, ROOM - length, format, arguments);
    va_end(arguments);
    length += (size_t)added;
    if (length >= ROOM) {
        fprintf(stderr, "publisher: the server is %d MB of posts behind\n", ROOM >> 20);
        exit(1);
    }
}

static void append_payload(u32 number, u64 due)
{
    append("{\"at\":\"" MARK_FORMAT "\",\"pad\":\"%s\"}", number, (unsigned long long)due, padding);
}

/* Payloads are all of one length, so the body's is known before it is written. */
static int body_length(int count)
{
    static int payload;
    if (payload == 0) {
        size_t before = length;
        append_payload(0, 0);
        payload = (int)(length - before);
        length = before;
    }
    return count * payload + count - 1;
}

void publisher_post(const char *stream, u32 first, int count, u64 due)
{
    int body = body_length(count);
    append("POST ");
    append(path_template, stream);
    append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", body);
    for (int i = 0; i < count; i++) {
        if (i > 0)
            append("\n");
        append_payload(first + (u32)i, due);
    }
    publisher.posts++;
    publisher_flush();
    if (publisher.posts - publisher.answers > publisher.most_waiting)
        publisher.most_waiting = publisher.posts - publisher.answers;
}

bool publisher_flush(void)
{
    while (sent < length) {
        ssize_t taken = send(publisher.fd, waiting + sent, length - sent, MSG_NOSIGNAL);
        if (taken < 0 && errno == EAGAIN)
            return true;
        if (taken <= 0)
            die("publisher: send");
        sent += (size_t)taken;
    }
    length = sent = 0;
    return false;
}

/* Answers are counted by their first bytes, which a read may cut: the last few bytes wait for the next read. */
void publisher_read(void)
{
    static char buffer[TAIL + (64 << 10)];
    static size_t kept;
    ssize_t got = recv(publisher.fd, buffer + kept, sizeof buffer - kept, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        die("publisher: closed by the server");
    char *at = buffer, *end = buffer + kept + got;
    for (char *found; (found = memmem(at, (size_t)(end - at), "HTTP/1.1 ", 9)) != NULL && found + 9 < end; at = found + 9) {
        publisher.answers++;
        if (found[9] != '2' && publisher.refused++ == 0)
            fprintf(stderr, "publisher: %.60s\n", found);
    }
    kept = (size_t)(end - at);
    if (kept > TAIL + 1) {
        char *found = memmem(at, kept, "HTTP/1.1 ", 9);
        kept = found ? (size_t)(end - found) : TAIL;
    }
    memmove(buffer, end - kept, kept);
}
