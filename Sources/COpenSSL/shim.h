// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
#pragma once
// The low-level SHA-256 state is the only one that can be copied without an allocation (HMAC with a precomputed key).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Function-like macros do not import into Swift: one inline function each.

static inline long pb_ssl_ctx_set_min_version(SSL_CTX *_Nonnull context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline void pb_ssl_ctx_set_modes(SSL_CTX *_Nonnull context) {
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

static inline long pb_ssl_set_host_name(SSL *_Nonnull session, const char *_Nonnull name) {
    return SSL_set_tlsext_host_name(session, name);
}

static inline long pb_ssl_ctx_cache_client_sessions(SSL_CTX *_Nonnull context) {
    return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}

static inline long pb_ssl_ctx_cache_no_sessions(SSL_CTX *_Nonnull context) {
    return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void pb_ssl_ctx_refuse_renegotiation_and_compression(SSL_CTX *_Nonnull context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}
