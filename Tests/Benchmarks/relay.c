// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// relay PORT ORIGIN: passes bytes between each client and a connection of its own to the origin, without looking at one. What
// this costs, every proxy costs on this machine whatever it knows of HTTP: the same system calls, and nothing between them.
//
// As the proxies do, it reads from all that have something before it writes to any.

#include "http.h"

enum { events_at_once = 256, buffer_size = 64 * 1024 };

/// One way of a connection: what was read from `from` and `to` did not take yet.
struct side {
    int from;
    struct side *back; // the other way; its `from` is where this one's bytes go
    size_t start, end;
    char buffer[buffer_size];
};

static int queue;

static void watch(struct side *side, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = side};
    checked(epoll_ctl(queue, operation, side->from, &event), "epoll_ctl");
}

static struct side *side_of(int descriptor) {
    struct side *side = calloc(1, sizeof *side);
    if (!side) fail("calloc");
    side->from = descriptor;
    no_delay(descriptor);
    checked(fcntl(descriptor, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    return side;
}

static void begin(int client, uint16_t origin) {
    struct sockaddr_in address = loopback(origin);
    int store = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(connect(store, (struct sockaddr *)&address, sizeof address), "connect");
    struct side *up = side_of(client), *down = side_of(store);
    up->back = down;
    down->back = up;
    watch(up, EPOLL_CTL_ADD, EPOLLIN);
    watch(down, EPOLL_CTL_ADD, EPOLLIN);
}

/// Both connections end with the first end of one. Their memory stays, for events of this turn that are still to come.
static void finish(struct side *side) {
    if (side->from < 0) return;
    close(side->from);
    close(side->back->from);
    side->from = side->back->from = -1;
}

static void push(struct side *side) {
    if (side->from < 0) return;
    ssize_t count = send(side->back->from, side->buffer + side->start, side->end - side->start, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return finish(side);
    size_t before = side->start;
    side->start += count > 0 ? (size_t)count : 0;
    if (side->start < side->end) {
        // Nothing is read from here before that is gone, so only what goes the other way waits for its reader meanwhile.
        if (before == 0) watch(side, EPOLL_CTL_MOD, 0), watch(side->back, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        return;
    }
    if (before > 0) watch(side, EPOLL_CTL_MOD, EPOLLIN), watch(side->back, EPOLL_CTL_MOD, EPOLLIN);
    side->start = side->end = 0;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: relay PORT ORIGIN\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in address = loopback((uint16_t)atoi(arguments[1]));
    uint16_t origin = (uint16_t)atoi(arguments[2]);
    int listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"), on = 1;
    checked(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    checked(bind(listener, (struct sockaddr *)&address, sizeof address), "bind");
    checked(listen(listener, 1024), "listen");
    queue = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    struct epoll_event events[events_at_once] = {{.events = EPOLLIN, .data.ptr = NULL}};
    checked(epoll_ctl(queue, EPOLL_CTL_ADD, listener, events), "epoll_ctl");
    struct side *filled[events_at_once];
    for (;;) {
        int ready = epoll_wait(queue, events, events_at_once, -1), full = 0;
        for (int n = 0; n < ready; n++) {
            struct side *side = events[n].data.ptr;
            if (!side) {
                int client;
                while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) begin(client, origin);
                continue;
            }
            if (side->from >= 0 && events[n].events & EPOLLOUT) push(side->back);
            if (side->from < 0 || side->end > 0 || !(events[n].events & ~(uint32_t)EPOLLOUT)) continue;
            ssize_t got = recv(side->from, side->buffer, buffer_size, 0);
            if (got > 0) side->end = (size_t)got, filled[full++] = side;
            else if (got == 0 || errno != EAGAIN) finish(side);
        }
        for (int n = 0; n < full; n++) push(filled[n]);
    }
}
