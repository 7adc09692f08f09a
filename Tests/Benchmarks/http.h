// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// What origin and load share: enough of HTTP/1.1 to talk to a proxy that was tested for correctness elsewhere.
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static inline void fail(const char *what) {
    perror(what);
    exit(1);
}

/// Checks a system call: its result, or the end of the process.
static inline int checked(int result, const char *what) {
    if (result < 0) fail(what);
    return result;
}

/// Nanoseconds of a clock that never goes back.
static inline uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline struct sockaddr_in loopback(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline void no_delay(int socket) {
    int on = 1;
    checked(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

/// Length of the head that `bytes` begin with, its empty line included; 0 if more is needed.
static inline size_t head_length(const char *bytes, size_t count) {
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    return end ? (size_t)(end - bytes) + 4 : 0;
}

/// The value of a field of a whole head, up to its CRLF; NULL if it is not there. `name` ends with its colon.
static inline const char *field(const char *head, size_t count, const char *name) {
    size_t length = strlen(name);
    const char *end = head + count;
    for (const char *line = memchr(head, '\n', count); line && line + 1 + length < end;
         line = memchr(line + 1, '\n', (size_t)(end - line - 1))) {
        if (strncasecmp(line + 1, name, length)) continue;
        const char *value = line + 1 + length;
        while (*value == ' ' || *value == '\t') value++;
        return value;
    }
    return NULL;
}

#endif
