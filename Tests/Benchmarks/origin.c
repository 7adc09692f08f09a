// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// origin [-v] [-s PEM] [-w MS] [-l MS] [-e N]: a store that keeps nothing, and an app. Prints its port, then takes
// requests for ever, in one thread.
//
// Bodies are thrown away inside the kernel, and the answer's CRC-64 is that of as many zero bytes, or of load's form: a
// gateway that compares checksums is content only with a body of zeros that arrived whole. With -v every byte is read,
// the answer's CRC-64 is the true one, and a line `LENGTH CRC64` is printed for each upload. -s speaks TLS.
//
// An upload with `x-oss-callback` is answered with the words of an app that thought for -w milliseconds, and every
// -e'th for -l. Requests for /app/ are such callbacks themselves. GET /counts tells how many there were of each.
//
// Uploads in parts are those of US3: parts of 4 MiB, whose ETags are those of zeros as well. What is signed as US3 or TOS sign it
// is answered with their ETag and CRC-64; objects of US3 of up to 4 MiB only.

#include "form.h"
#include "stream.h"

#include <openssl/evp.h>
#include <sys/timerfd.h>

enum { buffer_size = 64 * 1024, discard_size = 4 * 1024 * 1024, events_at_once = 64 };

enum phase { in_head, in_body, in_chunk_size, in_chunk, after_chunk, in_trailer, waiting };
enum kind { upload, form, callback, counts, upload_to_tos, parts_begin, part, parts_end, upload_to_us3 };

struct queue;

struct connection {
    struct stream stream;
    enum phase phase;
    enum kind kind;
    int has_callback;
    uint64_t left;   // of the body or the chunk
    uint64_t length; // of the body so far
    uint64_t crc;    // of the body so far, with -v
    uint64_t due;    // of the answer, while waiting
    struct queue *queue;
    struct connection *next, *previous;
    size_t start, end;
    char buffer[buffer_size];
};

/// Those that wait equally long: who came first is due first.
struct queue {
    uint64_t delay;
    struct connection *first, *last;
};

static int is_verifying, timer;
static char scratch[discard_size];
static SSL_CTX *tls;
static struct queue queues[2]; // usual, slow
static unsigned long long uploads, callbacks, slow_callbacks, slow_every;

static const char thought[] = "{\"message\":\"The app has seen your upload.\"}";

static void send_all(struct connection *connection, const char *bytes, size_t count) {
    // An answer is far smaller than a socket's buffer, and no client of a benchmark leaves one unread.
    struct iovec vector = {(void *)bytes, count};
    if (stream_write(connection->stream, &vector, 1) != (ssize_t)count && errno != EPIPE && errno != ECONNRESET)
        fail("send");
}

static uint64_t checksum(const struct connection *connection) {
    static uint64_t known_length, known_crc;
    static enum kind known_kind;
    if (is_verifying) return ~connection->crc;
    if (known_length != connection->length || known_kind != connection->kind) {
        known_length = connection->length;
        known_kind = connection->kind;
        known_crc = known_kind == form ? crc64_of_form(known_length) : ~crc64_zeros(~UINT64_C(0), known_length);
    }
    return known_crc;
}

/// The ETag of a part of US3: base64 of its SHA-1 in the alphabet for URLs; of an object of one block with a 1 in front.
static const char *us3_etag(uint64_t length, int is_object) {
    static uint64_t known_length = UINT64_MAX;
    static int known_object;
    static char text[40];
    static const char zeros[buffer_size];
    if (known_length == length && known_object == is_object) return text;
    known_length = length;
    known_object = is_object;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char bytes[4 + EVP_MAX_MD_SIZE] = {1}, *digest = bytes + 4;
    unsigned digest_size = 0;
    EVP_DigestInit_ex(context, EVP_sha1(), NULL);
    for (uint64_t left = length, count; left; left -= count) {
        count = left < sizeof zeros ? left : sizeof zeros;
        EVP_DigestUpdate(context, zeros, (size_t)count);
    }
    EVP_DigestFinal_ex(context, digest, &digest_size);
    EVP_MD_CTX_free(context);
    if (is_object) EVP_EncodeBlock((unsigned char *)text, bytes, (int)digest_size + 4);
    else EVP_EncodeBlock((unsigned char *)text, digest, (int)digest_size);
    for (char *letter = text; *letter; letter++) *letter = *letter == '+' ? '-' : *letter == '/' ? '_' : *letter;
    return text;
}

static int in_us3(const struct connection *connection, char *text, size_t room) {
    const char *body = "{\"UploadId\":\"bench\",\"BlkSize\":4194304,\"Bucket\":\"bench\",\"Key\":\"object\"}", *etag = "whole";
    if (connection->kind == part || connection->kind == upload_to_us3) {
        body = connection->kind == part ? "{}" : "";
        etag = us3_etag(connection->length, connection->kind != part);
    }
    return snprintf(
        text, room,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nETag: \"%s\"\r\n\r\n%s", strlen(body),
        etag, body);
}

static int stored(struct connection *connection, char *text, size_t room) {
    uint64_t crc = checksum(connection);
    if (is_verifying) {
        printf("%llu %016llX\n", (unsigned long long)connection->length, (unsigned long long)crc);
        fflush(stdout);
    }
    const char *body = connection->has_callback ? thought : "";
    return snprintf(
        text, room,
        "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: %zu\r\n%s"
        "Connection: keep-alive\r\nx-oss-request-id: 655403B0C4D5E6F708192A3B\r\n"
        "ETag: \"0F343B0931126A20F133D67C2B018A3B\"\r\nx-%s-hash-crc64ecma: %llu\r\n\r\n%s",
        strlen(body), *body ? "Content-Type: application/json\r\n" : "", connection->kind == upload_to_tos ? "tos" : "oss",
        (unsigned long long)crc, body);
}

static void answer(struct connection *connection) {
    char text[1024], body[128];
    int count;
    if (connection->kind == upload || connection->kind == form || connection->kind == upload_to_tos) {
        count = stored(connection, text, sizeof text);
    } else if (connection->kind >= parts_begin) {
        count = in_us3(connection, text, sizeof text);
    } else {
        snprintf(body, sizeof body, "{\"uploads\":%llu,\"callbacks\":%llu,\"slow\":%llu}",
            uploads, callbacks, slow_callbacks);
        const char *said = connection->kind == counts ? body : thought;
        count = snprintf(text, sizeof text,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(said), said);
    }
    connection->phase = in_head;
    send_all(connection, text, (size_t)count);
}

// Callbacks

/// Has the timer ring when the first of the two queues is due.
static void set_timer(void) {
    uint64_t due = UINT64_MAX;
    for (int index = 0; index < 2; index++)
        if (queues[index].first && queues[index].first->due < due) due = queues[index].first->due;
    struct itimerspec time = {0};
    if (due != UINT64_MAX) time.it_value = (struct timespec){(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
    checked(timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL), "timerfd_settime");
}

static void leave_queue(struct connection *connection) {
    struct queue *queue = connection->queue;
    if (!queue) return;
    *(connection->previous ? &connection->previous->next : &queue->first) = connection->next;
    *(connection->next ? &connection->next->previous : &queue->last) = connection->previous;
    connection->queue = NULL;
    connection->next = connection->previous = NULL;
}

static void think(struct connection *connection) {
    int is_slow = ++callbacks && slow_every && callbacks % slow_every == 0;
    slow_callbacks += (unsigned)is_slow;
    struct queue *queue = connection->queue = &queues[is_slow];
    connection->phase = waiting;
    connection->due = now() + queue->delay;
    connection->previous = queue->last;
    *(queue->last ? &queue->last->next : &queue->first) = connection;
    queue->last = connection;
    if (queue->first == connection) set_timer();
}

static void answer_due(void) {
    uint64_t rings, time = now();
    if (read(timer, &rings, sizeof rings) < 0 && errno != EAGAIN) fail("read");
    for (int index = 0; index < 2; index++) {
        struct connection *connection;
        while ((connection = queues[index].first) && connection->due <= time) {
            leave_queue(connection);
            answer(connection);
        }
    }
    set_timer();
}

// Requests

/// The body has ended.
static void finish(struct connection *connection) {
    if (connection->kind == upload || connection->kind == form) uploads++;
    if (connection->kind == callback || connection->has_callback) think(connection);
    else answer(connection);
}

static void read_head(struct connection *connection, size_t count) {
    const char *head = connection->buffer + connection->start, *value;
    connection->start += count;
    connection->length = 0;
    connection->crc = ~UINT64_C(0);
    connection->kind = upload;
    value = field(head, count, "content-type:");
    if (value && !strncasecmp(value, "multipart/form-data", 19)) connection->kind = form;
    value = field(head, count, "authorization:");
    if (value && !strncmp(value, "UCloud ", 7)) connection->kind = upload_to_us3;
    if (value && !strncmp(value, "TOS4-", 5)) connection->kind = upload_to_tos;
    const char *line_end = memchr(head, '\r', count), *query = memchr(head, '?', (size_t)(line_end - head));
    if (query && !strncmp(query, "?uploads", 8)) connection->kind = parts_begin;
    else if (query && !strncmp(query, "?uploadId=", 10)) connection->kind = strncmp(head, "PUT ", 4) ? parts_end : part;
    if (!strncmp(head, "GET /counts", 11)) connection->kind = counts;
    if (!strncmp(head, "POST /app/", 10)) connection->kind = callback;
    connection->has_callback = connection->kind != callback && field(head, count, "x-oss-callback:");
    if (field(head, count, "expect:")) send_all(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    if (field(head, count, "transfer-encoding:")) {
        connection->phase = in_chunk_size;
        return;
    }
    value = field(head, count, "content-length:");
    connection->left = value ? strtoull(value, NULL, 10) : 0;
    connection->phase = in_body;
    if (!connection->left) finish(connection);
}

/// A part of the body or the chunk has come.
static void passed(struct connection *connection, uint64_t count) {
    connection->left -= count;
    connection->length += count;
    if (connection->left) return;
    if (connection->phase == in_body) finish(connection);
    else connection->phase = after_chunk;
}

/// Takes what the buffer holds of a body or a chunk.
static void take(struct connection *connection) {
    uint64_t held = connection->end - connection->start;
    uint64_t count = held < connection->left ? held : connection->left;
    if (is_verifying)
        connection->crc =
            crc64_update(connection->crc, (unsigned char *)connection->buffer + connection->start, (size_t)count);
    connection->start += count;
    passed(connection, count);
}

/// Does one step with what the buffer holds; 0 if more bytes are needed.
static int step(struct connection *connection) {
    const char *bytes = connection->buffer + connection->start;
    size_t count = connection->end - connection->start;
    if (!count || connection->phase == waiting) return 0;
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
        finish(connection);
    }
    return 1;
}

static ssize_t discard(struct connection *connection) {
    size_t count = connection->left < discard_size ? (size_t)connection->left : discard_size;
    ssize_t taken = stream_discard(connection->stream, scratch, count);
    if (taken > 0) passed(connection, (uint64_t)taken);
    return taken;
}

static ssize_t fill(struct connection *connection) {
    if (connection->start == connection->end) connection->start = connection->end = 0;
    if (connection->end == buffer_size) {
        memmove(connection->buffer, connection->buffer + connection->start, connection->end - connection->start);
        connection->end -= connection->start;
        connection->start = 0;
    }
    ssize_t count = stream_read(
        connection->stream, connection->buffer + connection->end, buffer_size - connection->end);
    if (count > 0) connection->end += (size_t)count;
    return count;
}

/// Reads once and does what can be done; the event comes again while there is more, except of what OpenSSL holds, so
/// that TLS is read to its end. Closes the connection at its end.
static void serve(struct connection *connection) {
    ssize_t count;
    do {
        int is_body = connection->phase == in_body || connection->phase == in_chunk;
        int is_empty = connection->start == connection->end;
        count = is_body && is_empty && !is_verifying ? discard(connection) : fill(connection);
        while (count > 0 && step(connection)) continue;
    } while (count > 0 && connection->stream.tls);
    if (count > 0 || (count < 0 && errno == EAGAIN)) return;
    leave_queue(connection);
    stream_close(&connection->stream);
    free(connection);
}

static void accept_one(int listener, int epoll) {
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    no_delay(socket);
    struct connection *connection = malloc(sizeof *connection);
    if (!connection) fail("malloc");
    memset(connection, 0, offsetof(struct connection, buffer));
    connection->stream.socket = socket;
    if (tls) {
        connection->stream.tls = SSL_new(tls);
        if (!connection->stream.tls || !SSL_set_fd(connection->stream.tls, socket)) fail_tls("TLS");
        SSL_set_accept_state(connection->stream.tls);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    checked(epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
}

static int listen_on_loopback(void) {
    int listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    checked(bind(listener, (struct sockaddr *)&address, length), "bind");
    checked(listen(listener, 4096), "listen");
    checked(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void read_options(int count, char **arguments) {
    int option;
    while ((option = getopt(count, arguments, "vs:w:l:e:")) > 0) {
        if (option == 'v') is_verifying = 1;
        else if (option == 's') tls = tls_server(optarg);
        else if (option == 'w') queues[0].delay = strtoull(optarg, NULL, 10) * 1000000u;
        else if (option == 'l') queues[1].delay = strtoull(optarg, NULL, 10) * 1000000u;
        else if (option == 'e') slow_every = strtoull(optarg, NULL, 10);
        else exit(64);
    }
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
    read_options(count, arguments);
    int listener = listen_on_loopback();
    int epoll = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    timer = checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[events_at_once];
    checked(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
    event.data.ptr = &timer;
    checked(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event), "epoll_ctl");
    for (;;) {
        int ready = epoll_wait(epoll, events, events_at_once, -1), is_due = 0;
        for (int index = 0; index < ready; index++) {
            void *who = events[index].data.ptr;
            if (who == &timer) is_due = 1;
            else if (who) serve(who);
            else accept_one(listener, epoll);
        }
        if (is_due) answer_due();
    }
}
