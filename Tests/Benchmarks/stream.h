// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// A connection in plain text or under TLS 1.3, without blocking; with TLS as OpenSSL is by default otherwise.
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "http.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct stream {
    int socket;
    SSL *tls; // NULL in plain text
};

static inline void fail_tls(const char *what) {
    fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static inline SSL_CTX *tls_context(const SSL_METHOD *method) {
    SSL_CTX *context = SSL_CTX_new(method);
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)) fail_tls("TLS");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

/// The context of a server; `file` holds its certificate and its key.
static inline SSL_CTX *tls_server(const char *file) {
    SSL_CTX *context = tls_context(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, file) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) != 1)
        fail_tls(file);
    return context;
}

/// The context of a client that trusts the certificates in `file`.
static inline SSL_CTX *tls_client(const char *file) {
    SSL_CTX *context = tls_context(TLS_client_method());
    if (SSL_CTX_load_verify_locations(context, file, NULL) != 1) fail_tls(file);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

/// What a system call would have said.
static inline ssize_t tls_outcome(SSL *tls, int result) {
    if (result > 0) return result;
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    default: errno = ECONNRESET; return -1;
    }
}

static inline ssize_t stream_read(struct stream stream, void *bytes, size_t count) {
    if (!stream.tls) return recv(stream.socket, bytes, count, MSG_DONTWAIT);
    ERR_clear_error();
    return tls_outcome(stream.tls, SSL_read(stream.tls, bytes, (int)count));
}

/// Takes bytes and throws them away, in plain text without copying them; `scratch` has room for `count`.
static inline ssize_t stream_discard(struct stream stream, void *scratch, size_t count) {
    if (stream.tls) return stream_read(stream, scratch, count);
    return recv(stream.socket, scratch, count, MSG_TRUNC | MSG_DONTWAIT);
}

static inline ssize_t stream_write(struct stream stream, const struct iovec *vectors, int count) {
    if (!stream.tls) {
        struct msghdr message = {.msg_iov = (struct iovec *)vectors, .msg_iovlen = (size_t)count};
        return sendmsg(stream.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    ERR_clear_error();
    return tls_outcome(stream.tls, SSL_write(stream.tls, vectors[0].iov_base, (int)vectors[0].iov_len));
}

static inline void stream_close(struct stream *stream) {
    if (stream->tls) SSL_free(stream->tls);
    stream->tls = NULL;
    close(stream->socket);
}

#endif
