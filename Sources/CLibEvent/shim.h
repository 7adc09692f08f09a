// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// A plain libc header must come before any event2 header: Debian's event2/event-config.h defines _GNU_SOURCE,
// and as the first include it would give fd_set another shape than Swift's Glibc module has.
#pragma once
#include <sys/types.h>
#include <sys/eventfd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>

// accept4 is declared for _GNU_SOURCE only, which a module-mapped header must not define; the symbol is glibc's.
#include <sys/socket.h>
extern int accept4(int, struct sockaddr *_Nullable restrict, socklen_t *_Nullable restrict, int);
static inline int pb_accept(int listener, struct sockaddr *_Nonnull address, socklen_t *_Nonnull length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// What decides which of the sockets that share a port (SO_REUSEPORT) gets a connection: a classic BPF program, whose result
// is an index in the order of their listen(2) (socket(7), SO_ATTACH_REUSEPORT_CBPF). Its macros are no constants to Swift.
#include <linux/filter.h>
/// Gives new connections to `count` of the sockets from `first` on, by chance. An index beyond the last socket falls back
/// to the kernel's own choice among all of them.
static inline int pb_reuseport_steer(int listener, unsigned int first, unsigned int count) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_RANDOM),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, first),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {.len = 4, .filter = code};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}
/// Takes away what another process attached; the number is SO_DETACH_REUSEPORT_BPF (Linux 5.3).
static inline void pb_reuseport_unsteer(int listener) {
    int none = 0;
    setsockopt(listener, SOL_SOCKET, 68, &none, sizeof none);
}

// pthread_setname_np is a GNU extension as well.
#include <sys/prctl.h>
static inline void pb_thread_set_name(const char *_Nonnull name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

// Peers that hang up, without a look at what they sent: an epoll(7) instance of its own, edge-triggered. Its packed struct
// with a union is nothing for Swift. EPOLLERR and EPOLLHUP are told of in any case.
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
static inline int pb_hangup_watch(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}
static inline int pb_hangup_add(int watch, int descriptor) {
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data = {.fd = descriptor}};
    return epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event);
}
/// The next descriptor whose peer is done, or -1; tells whether its connection failed.
static inline int pb_hangup_next(int watch, bool *_Nonnull failed) {
    struct epoll_event event;
    if (epoll_wait(watch, &event, 1, 0) != 1) return -1;
    *failed = (event.events & EPOLLERR) != 0;
    return event.data.fd;
}
/// Bytes that can be read, or -1; ioctl is variadic.
static inline int pb_waiting_bytes(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

// Pipes between sockets: pipe2, splice and F_SETPIPE_SZ are GNU extensions as well; the symbols are glibc's.
#include <fcntl.h>
extern int pipe2(int *_Nonnull, int);
extern ssize_t splice(int, off_t *_Nullable, int, off_t *_Nullable, size_t, unsigned int);
static inline int pb_pipe(int *_Nonnull ends) {
    return pipe2(ends, O_NONBLOCK | O_CLOEXEC);
}
/// The size that the pipe got, or -1. The number is F_SETPIPE_SZ, linux/fcntl.h.
static inline int pb_pipe_resize(int end, int size) {
    return fcntl(end, 1031, size);
}
/// Moves pages without copying; a full or empty pipe and a socket that would block give EAGAIN. The flags are
/// SPLICE_F_MOVE and SPLICE_F_NONBLOCK, splice(2).
static inline ssize_t pb_splice(int from, int to, size_t count) {
    return splice(from, NULL, to, NULL, count, 1 | 2);
}
