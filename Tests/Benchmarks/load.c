// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// load PORT PATH CONNECTIONS BYTES (-n UPLOADS | -t SECONDS) [options]: uploads of zeros over keep-alive connections to
// loopback, one after the other on each; prints one JSON object.
//
//   -k         the bodies in chunks                  -f         as forms
//   -H FIELD   one more header field                 -s PEM     TLS, trusting these certificates
//   -r BYTES   a second at most on each connection, 8 KiB at a time
//   -p MS      the first uploads begin spread over so long, not all at once
//   -x STATUS  an answer that may come as well, with `"stored":true` in it; these are counted apart
//   -i         hold: one upload on each connection, 64 at a time; then all stay open until standard input ends, and a
//              second JSON object tells how many were closed meanwhile

#include "stream.h"
#include "upload.h"

enum { answer_size = 16 * 1024, pace_step = 8 * 1024, at_a_time = 64, tick_ms = 5 };

struct client {
    struct stream stream;
    int is_writing; // interest of epoll
    int is_blocked, is_active;
    uint64_t sent;  // of head and body
    uint64_t began; // nanoseconds
    size_t held;    // bytes of the answer
    char answer[answer_size];
};

static int epoll, other_status, is_holding;
static uint16_t port;
static SSL_CTX *tls;
static uint64_t rate, spread; // bytes a second; nanoseconds
static uint64_t wanted = UINT64_MAX, duration = UINT64_MAX, begun; // uploads; nanoseconds
static uint64_t started, ended, others, errors, active, closed;
static struct client *clients;
static uint64_t client_count, next_client;
static int first_error; // a status, or the negative of an errno
static uint32_t *latencies; // microseconds
static size_t latency_room;

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
    checked(epoll_ctl(epoll, operation, client->stream.socket, &event), "epoll_ctl");
    client->is_writing = is_writing;
}

static void connect_client(struct client *client) {
    struct sockaddr_in address = loopback(port);
    int socket_ = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    client->stream = (struct stream){.socket = socket_};
    checked(connect(socket_, (struct sockaddr *)&address, sizeof address), "connect");
    no_delay(socket_);
    if (tls) {
        SSL *session = client->stream.tls = SSL_new(tls);
        if (!session || !SSL_set_fd(session, socket_) || !SSL_set1_host(session, "localhost")) fail_tls("TLS");
        SSL_set_tlsext_host_name(session, "localhost");
        if (SSL_connect(session) != 1) fail_tls("TLS handshake");
        checked(fcntl(socket_, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    }
    watch(client, 0, EPOLL_CTL_ADD);
}

/// How far the client may have come by now.
static uint64_t allowance(const struct client *client) {
    if (!rate) return wire_size;
    uint64_t bytes = (uint64_t)((double)(now() - client->began) * 1e-9 * (double)rate);
    bytes = head_size + (bytes / pace_step + 1) * pace_step;
    return bytes < wire_size ? bytes : wire_size;
}

static void send_some(struct client *client) {
    uint64_t limit = allowance(client);
    client->is_blocked = 0;
    while (client->sent < limit) {
        struct iovec vectors[pieces];
        int count = gather(client->sent, limit, vectors);
        ssize_t written = stream_write(client->stream, vectors, count);
        if (written <= 0) {
            // What else went wrong shows when the answer is read.
            client->is_blocked = 1;
            int is_full = written < 0 && errno == EAGAIN;
            if (is_full != client->is_writing) watch(client, is_full, EPOLL_CTL_MOD);
            return;
        }
        client->sent += (uint64_t)written;
    }
    if (client->is_writing) watch(client, 0, EPOLL_CTL_MOD);
}

static void begin(struct client *client) {
    uint64_t time = now();
    client->is_active = started < wanted && time - begun < duration;
    if (!client->is_active) {
        active--;
        return;
    }
    started++;
    client->began = time;
    client->sent = client->held = 0;
    send_some(client);
}

/// An upload has ended: the next one, on the same connection unless connections are only to be held.
static void go_on(struct client *client) {
    client->is_active = 0;
    if (!is_holding) {
        begin(client);
    } else if (next_client < client_count) {
        client = &clients[next_client++];
        connect_client(client);
        begin(client);
    } else {
        active--;
    }
}

static void reconnect(struct client *client) {
    stream_close(&client->stream);
    connect_client(client);
    go_on(client);
}

/// Counts an answer by its status.
static void judge(struct client *client, uint64_t whole) {
    int status = atoi(client->answer + sizeof "HTTP/1.1");
    if (status == 200 && client->sent == wire_size) record(now() - client->began);
    else if (status == other_status && memmem(client->answer, whole, "\"stored\":true", 13)) others++;
    else note_error(status);
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
    judge(client, whole);
    value = field(client->answer, length, "connection:");
    if (client->sent < wire_size || (value && !strncasecmp(value, "close", 5))) reconnect(client);
    else go_on(client);
}

static void receive(struct client *client) {
    ssize_t count = stream_read(client->stream, client->answer + client->held, answer_size - client->held);
    if (count < 0 && errno == EAGAIN) return;
    if (!client->is_active) {
        // One that has done its part, or is held.
        closed++;
        stream_close(&client->stream);
        return;
    }
    if (count <= 0) {
        note_error(count < 0 ? -errno : 0);
        reconnect(client);
        return;
    }
    client->held += (size_t)count;
    look(client);
}

/// With pacing and spreading: lets those go on whose time has come.
static void tick(void) {
    while (next_client < client_count && now() - begun >= spread / client_count * next_client)
        begin(&clients[next_client++]);
    for (uint64_t index = 0; rate && index < next_client; index++) {
        struct client *client = &clients[index];
        if (client->is_active && !client->is_blocked && client->sent < wire_size) send_some(client);
    }
}

static void run(void) {
    struct epoll_event events[at_a_time];
    int is_ticking = rate || spread;
    while (active) {
        int ready = epoll_wait(epoll, events, at_a_time, is_ticking ? tick_ms : -1);
        for (int index = 0; index < ready; index++) {
            struct client *client = events[index].data.ptr;
            if (events[index].events & EPOLLOUT) send_some(client);
            if (events[index].events & ~(uint32_t)EPOLLOUT) receive(client);
        }
        if (is_ticking) tick();
    }
}

static void connect_and_run(void) {
    uint64_t first = is_holding && client_count > at_a_time ? at_a_time : client_count;
    active = first;
    for (uint64_t index = 0; index < first; index++) connect_client(&clients[index]);
    begun = now();
    next_client = spread ? 0 : first;
    for (uint64_t index = 0; index < next_client; index++) begin(&clients[index]);
    run();
}

static int ascending(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void report(uint64_t bytes, double seconds) {
    double all = (double)(ended + others);
    qsort(latencies, ended, sizeof *latencies, ascending);
    printf("{\"uploads\":%llu,\"others\":%llu,\"errors\":%llu,\"firstError\":%d,\"seconds\":%.6f,"
           "\"uploadsPerSecond\":%.3f,\"bytesPerSecond\":%.0f,\"p50Microseconds\":%u,\"p99Microseconds\":%u}\n",
        (unsigned long long)ended, (unsigned long long)others, (unsigned long long)errors, first_error, seconds,
        all / seconds, all * (double)bytes / seconds, ended ? latencies[ended / 2] : 0,
        ended ? latencies[ended * 99 / 100] : 0);
    fflush(stdout);
}

/// Keeps the connections until standard input ends, and says how many were closed by the other side.
static void hold(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    checked(epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event), "epoll_ctl");
    for (;;) {
        if (epoll_wait(epoll, &event, 1, -1) < 1) continue;
        if (!event.data.ptr) break;
        closed++;
        stream_close(&((struct client *)event.data.ptr)->stream);
    }
    printf("{\"closed\":%llu}\n", (unsigned long long)closed);
}

static void usage(void) {
    fprintf(stderr, "usage: load PORT PATH CONNECTIONS BYTES (-n UPLOADS | -t SECONDS | -i) [-k | -f] [-H FIELD]... "
                    "[-s PEM] [-r BYTES] [-p MS] [-x STATUS]\n");
    exit(64);
}

int main(int count, char **arguments) {
    enum shape shape = with_length;
    static char fields[4096];
    int option;
    while ((option = getopt(count, arguments, "n:t:kfH:s:r:p:x:i")) > 0) {
        if (option == 'n') wanted = strtoull(optarg, NULL, 10);
        else if (option == 't') duration = (uint64_t)(strtod(optarg, NULL) * 1e9);
        else if (option == 'k') shape = in_chunks;
        else if (option == 'f') shape = as_form;
        else if (option == 'H') strncat(strncat(fields, optarg, 2000), "\r\n", 3);
        else if (option == 's') tls = tls_client(optarg);
        else if (option == 'r') rate = strtoull(optarg, NULL, 10);
        else if (option == 'p') spread = strtoull(optarg, NULL, 10) * 1000000u;
        else if (option == 'x') other_status = atoi(optarg);
        else if (option == 'i') is_holding = 1;
        else usage();
    }
    if (count - optind != 4 || (wanted == UINT64_MAX && duration == UINT64_MAX && !is_holding)) usage();
    signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
    port = (uint16_t)atoi(arguments[optind]);
    client_count = strtoull(arguments[optind + 2], NULL, 10);
    uint64_t bytes = strtoull(arguments[optind + 3], NULL, 10);
    if (!client_count || (shape == in_chunks && bytes % chunk_size)) usage();
    compose(arguments[optind + 1], bytes, shape, fields);
    epoll = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    clients = calloc(client_count, sizeof *clients);
    if (!clients) fail("calloc");
    connect_and_run();
    report(bytes, (double)(now() - begun) / 1e9);
    if (is_holding) hold();
    return errors ? 1 : 0;
}
