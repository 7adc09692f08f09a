// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// load PORT PATH CONNECTIONS BYTES (-n UPLOADS | -t SECONDS) [-k]: uploads of zeros over keep-alive connections to
// loopback, one after the other on each; prints one JSON object. -k sends the bodies in chunks.

#include "http.h"

#include <time.h>

enum { block_size = 1024 * 1024, chunk_size = 64 * 1024, chunk_extra = 9, pieces = 8, answer_size = 16 * 1024 };
enum { chunk_period = chunk_size + chunk_extra };

struct client {
    int socket;
    int is_writing; // interest of epoll
    uint64_t sent;  // of head and body
    uint64_t began; // nanoseconds
    size_t held;    // bytes of the answer
    char answer[answer_size];
};

/// What every upload sends: a head, `cycle_size` bytes over and over for `body_size` bytes, and a tail.
static char head[1024], cycle[block_size], tail[8];
static size_t head_size, cycle_size, tail_size;
static uint64_t body_size, wire_size;

static int epoll;
static uint16_t port;
static uint64_t wanted = UINT64_MAX, deadline = UINT64_MAX; // uploads; nanoseconds
static uint64_t started, ended, errors, active;
static int first_error; // a status, or the negative of an errno
static uint32_t *latencies; // microseconds
static size_t latency_room;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void note_error(int what) {
    if (!errors++) first_error = what;
}

static void record(uint64_t nanoseconds) {
    if (ended == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 65536;
        latencies = realloc(latencies, latency_room * sizeof *latencies);
        if (!latencies) fail("realloc");
    }
    latencies[ended++] = (uint32_t)(nanoseconds / 1000);
}

static void watch(struct client *client, int is_writing, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (is_writing ? EPOLLOUT : 0), .data.ptr = client};
    checked(epoll_ctl(epoll, operation, client->socket, &event), "epoll_ctl");
    client->is_writing = is_writing;
}

static void connect_client(struct client *client) {
    struct sockaddr_in address = loopback(port);
    client->socket = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(connect(client->socket, (struct sockaddr *)&address, sizeof address), "connect");
    no_delay(client->socket);
    watch(client, 0, EPOLL_CTL_ADD);
}

/// The next pieces of the request from where it stands.
static int gather(const struct client *client, struct iovec vectors[pieces]) {
    uint64_t position = client->sent;
    int count = 0;
    if (position < head_size) {
        vectors[count++] = (struct iovec){head + position, head_size - position};
        position = head_size;
    }
    uint64_t body = position - head_size;
    while (body < body_size && count < pieces - 1) {
        size_t offset = (size_t)(body % cycle_size), length = cycle_size - offset;
        if (length > body_size - body) length = (size_t)(body_size - body);
        vectors[count++] = (struct iovec){cycle + offset, length};
        body += length;
    }
    if (body >= body_size && tail_size && body - body_size < tail_size)
        vectors[count++] = (struct iovec){tail + (body - body_size), tail_size - (size_t)(body - body_size)};
    return count;
}

static void send_some(struct client *client) {
    while (client->sent < wire_size) {
        struct iovec vectors[pieces];
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)gather(client, vectors)};
        ssize_t count = sendmsg(client->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) {
            // What else went wrong shows when the answer is read.
            if (errno == EAGAIN && !client->is_writing) watch(client, 1, EPOLL_CTL_MOD);
            if (errno != EAGAIN && client->is_writing) watch(client, 0, EPOLL_CTL_MOD);
            return;
        }
        client->sent += (uint64_t)count;
    }
    if (client->is_writing) watch(client, 0, EPOLL_CTL_MOD);
}

static void begin(struct client *client) {
    uint64_t time = now();
    if (started == wanted || time >= deadline) {
        active--;
        return;
    }
    started++;
    client->began = time;
    client->sent = client->held = 0;
    send_some(client);
}

static void reconnect(struct client *client) {
    close(client->socket);
    connect_client(client);
    begin(client);
}

/// Looks at what came of the answer; goes on with the next upload once it is whole.
static void look(struct client *client) {
    size_t length = head_length(client->answer, client->held);
    if (!length) {
        if (client->held == answer_size) fail("an answer's head is too long");
        return;
    }
    const char *value = field(client->answer, length, "content-length:");
    uint64_t whole = length + (value ? strtoull(value, NULL, 10) : 0);
    if (whole > answer_size) fail("an answer is too long");
    if (client->held < whole) return;
    int status = atoi(client->answer + sizeof "HTTP/1.1");
    if (status == 200 && client->sent == wire_size) record(now() - client->began);
    else note_error(status);
    value = field(client->answer, length, "connection:");
    if (client->sent < wire_size || (value && !strncasecmp(value, "close", 5))) reconnect(client);
    else begin(client);
}

static void receive(struct client *client) {
    ssize_t count = recv(
        client->socket, client->answer + client->held, answer_size - client->held, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        note_error(count < 0 ? -errno : 0);
        reconnect(client);
        return;
    }
    client->held += (size_t)count;
    look(client);
}

static void compose(const char *path, uint64_t bytes, int is_chunked) {
    int count = snprintf(head, sizeof head,
        "PUT %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nContent-Type: application/octet-stream\r\n", path);
    size_t used = (size_t)count;
    if (!is_chunked) {
        count = snprintf(head + used, sizeof head - used, "Content-Length: %llu\r\n\r\n", (unsigned long long)bytes);
        cycle_size = block_size;
        body_size = bytes;
    } else {
        count = snprintf(head + used, sizeof head - used, "Transfer-Encoding: chunked\r\n\r\n");
        cycle_size = chunk_period;
        body_size = bytes / chunk_size * chunk_period;
        memcpy(cycle, "10000\r\n", 7);
        memcpy(cycle + 7 + chunk_size, "\r\n", 2);
        memcpy(tail, "0\r\n\r\n", tail_size = 5);
    }
    head_size = used + (size_t)count;
    wire_size = head_size + body_size + tail_size;
}

static int ascending(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void report(uint64_t bytes, double seconds) {
    qsort(latencies, ended, sizeof *latencies, ascending);
    printf("{\"uploads\":%llu,\"errors\":%llu,\"firstError\":%d,\"seconds\":%.6f,\"uploadsPerSecond\":%.3f,"
           "\"bytesPerSecond\":%.0f,\"p50Microseconds\":%u,\"p99Microseconds\":%u}\n",
        (unsigned long long)ended, (unsigned long long)errors, first_error, seconds, (double)ended / seconds,
        (double)ended * (double)bytes / seconds, ended ? latencies[ended / 2] : 0,
        ended ? latencies[ended * 99 / 100] : 0);
}

static void usage(void) {
    fprintf(stderr, "usage: load PORT PATH CONNECTIONS BYTES (-n UPLOADS | -t SECONDS) [-k]\n");
    exit(64);
}

int main(int count, char **arguments) {
    if (count < 7) usage();
    port = (uint16_t)atoi(arguments[1]);
    uint64_t connections = strtoull(arguments[3], NULL, 10), bytes = strtoull(arguments[4], NULL, 10);
    int is_chunked = count > 7 && !strcmp(arguments[7], "-k");
    if (!connections || (is_chunked && bytes % chunk_size)) usage();
    compose(arguments[2], bytes, is_chunked);
    uint64_t begun = now();
    if (!strcmp(arguments[5], "-n")) wanted = strtoull(arguments[6], NULL, 10);
    else deadline = begun + (uint64_t)(strtod(arguments[6], NULL) * 1e9);

    epoll = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    struct client *clients = calloc(connections, sizeof *clients);
    if (!clients) fail("calloc");
    active = connections;
    for (uint64_t index = 0; index < connections; index++) connect_client(&clients[index]);
    for (uint64_t index = 0; index < connections; index++) begin(&clients[index]);
    struct epoll_event events[64];
    while (active) {
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int index = 0; index < ready; index++) {
            struct client *client = events[index].data.ptr;
            if (events[index].events & EPOLLOUT) send_some(client);
            if (events[index].events & ~(uint32_t)EPOLLOUT) receive(client);
        }
    }
    report(bytes, (double)(now() - begun) / 1e9);
    return errors ? 1 : 0;
}
