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
