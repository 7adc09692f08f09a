// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// origin [-v]: a store that keeps nothing. Prints its port, then takes uploads for ever, in one thread.
//
// Bodies are thrown away inside the kernel, and the answer's CRC-64 is that of as many zero bytes: a gateway that
// compares checksums is content only with a body of zeros that arrived whole. With -v every byte is read, the answer's
// CRC-64 is the true one, and a line `LENGTH CRC64` is printed for each upload.

#include "crc64.h"
#include "http.h"

enum { buffer_size = 64 * 1024, discard_size = 4 * 1024 * 1024, events_at_once = 64 };

enum phase { in_head, in_body, in_chunk_size, in_chunk, after_chunk, in_trailer };

struct connection {
    int socket;
    enum phase phase;
    uint64_t left;   // of the body or the chunk
    uint64_t length; // of the body so far
    uint64_t crc;    // of the body so far, with -v
    size_t start, end;
    char buffer[buffer_size];
};

static int is_verifying;
static char scratch[discard_size];

static void send_all(int socket, const char *bytes, size_t count) {
    // An answer is far smaller than a socket's buffer, and no client of a benchmark leaves one unread.
    if (send(socket, bytes, count, MSG_NOSIGNAL) != (ssize_t)count && errno != EPIPE && errno != ECONNRESET) fail("send");
}

static uint64_t checksum(const struct connection *connection) {
    static uint64_t known_length, known_crc;
    if (is_verifying) return ~connection->crc;
    if (known_length != connection->length) {
        known_length = connection->length;
        known_crc = crc64_of_zeros(known_length);
    }
    return known_crc;
}

static void answer(struct connection *connection) {
    uint64_t crc = checksum(connection);
    if (is_verifying) {
        printf("%llu %016llX\n", (unsigned long long)connection->length, (unsigned long long)crc);
        fflush(stdout);
    }
    char text[512];
    int count = snprintf(
        text, sizeof text,
        "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 0\r\n"
        "Connection: keep-alive\r\nx-oss-request-id: 655403B0C4D5E6F708192A3B\r\n"
        "ETag: \"0F343B0931126A20F133D67C2B018A3B\"\r\nx-oss-hash-crc64ecma: %llu\r\n\r\n",
        (unsigned long long)crc);
    send_all(connection->socket, text, (size_t)count);
    connection->phase = in_head;
}

static void read_head(struct connection *connection, size_t count) {
    const char *head = connection->buffer + connection->start, *value;
    connection->start += count;
    connection->length = 0;
    connection->crc = ~UINT64_C(0);
    if ((value = field(head, count, "expect:"))) send_all(connection->socket, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    if ((value = field(head, count, "transfer-encoding:"))) {
        connection->phase = in_chunk_size;
        return;
    }
    value = field(head, count, "content-length:");
    connection->left = value ? strtoull(value, NULL, 10) : 0;
    connection->phase = in_body;
    if (!connection->left) answer(connection);
}

/// Takes what the buffer holds of a body or a chunk.
static void take(struct connection *connection) {
    uint64_t held = connection->end - connection->start;
    uint64_t count = held < connection->left ? held : connection->left;
    if (is_verifying)
        connection->crc =
            crc64_update(connection->crc, (unsigned char *)connection->buffer + connection->start, (size_t)count);
    connection->start += count;
    connection->left -= count;
    connection->length += count;
    if (connection->left) return;
    if (connection->phase == in_body) answer(connection);
    else connection->phase = after_chunk;
}

/// Does one step with what the buffer holds; 0 if more bytes are needed.
static int step(struct connection *connection) {
    const char *bytes = connection->buffer + connection->start;
    size_t count = connection->end - connection->start;
    if (!count) return 0;
    if (connection->phase == in_head) {
        size_t length = head_length(bytes, count);
        if (length) read_head(connection, length);
        return length > 0;
    }
    if (connection->phase == in_body || connection->phase == in_chunk) {
        take(connection);
        return 1;
    }
    const char *end = memchr(bytes, '\n', count);
    if (!end) return 0;
    connection->start += (size_t)(end - bytes) + 1;
    if (connection->phase == after_chunk) {
        connection->phase = in_chunk_size;
    } else if (connection->phase == in_chunk_size) {
        connection->left = strtoull(bytes, NULL, 16);
        connection->phase = connection->left ? in_chunk : in_trailer;
    } else if (end - bytes <= 1) {
        answer(connection);
    }
    return 1;
}

/// Throws away bytes of a body without copying them.
static ssize_t discard(struct connection *connection) {
    size_t count = connection->left < discard_size ? (size_t)connection->left : discard_size;
    ssize_t taken = recv(connection->socket, scratch, count, MSG_TRUNC);
    if (taken <= 0) return taken;
    connection->left -= (uint64_t)taken;
    connection->length += (uint64_t)taken;
    if (connection->left) return taken;
    if (connection->phase == in_body) answer(connection);
    else connection->phase = after_chunk;
    return taken;
}

static ssize_t fill(struct connection *connection) {
    if (connection->start == connection->end) connection->start = connection->end = 0;
    if (connection->end == buffer_size) {
        memmove(connection->buffer, connection->buffer + connection->start, connection->end - connection->start);
        connection->end -= connection->start;
        connection->start = 0;
    }
    ssize_t count = recv(connection->socket, connection->buffer + connection->end, buffer_size - connection->end, 0);
    if (count > 0) connection->end += (size_t)count;
    return count;
}

/// Reads once and does what can be done; the event comes again while there is more. Closes the connection at its end.
static void serve(struct connection *connection) {
    int is_body = connection->phase == in_body || connection->phase == in_chunk;
    int is_empty = connection->start == connection->end;
    ssize_t count = is_body && is_empty && !is_verifying ? discard(connection) : fill(connection);
    if (count > 0) {
        while (step(connection)) continue;
    } else if (count == 0 || errno != EAGAIN) {
        close(connection->socket);
        free(connection);
    }
}

static void accept_one(int listener, int epoll) {
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    no_delay(socket);
    struct connection *connection = malloc(sizeof *connection);
    if (!connection) fail("malloc");
    connection->socket = socket;
    connection->phase = in_head;
    connection->start = connection->end = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    checked(epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
}

int main(int count, char **arguments) {
    is_verifying = count > 1 && !strcmp(arguments[1], "-v");
    int listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    checked(bind(listener, (struct sockaddr *)&address, length), "bind");
    checked(listen(listener, 4096), "listen");
    checked(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int epoll = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[events_at_once];
    checked(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
    for (;;) {
        int ready = epoll_wait(epoll, events, events_at_once, -1);
        for (int index = 0; index < ready; index++) {
            if (events[index].data.ptr) serve(events[index].data.ptr);
            else accept_one(listener, epoll);
        }
    }
}
