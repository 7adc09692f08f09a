// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// The form of `load -f`, as a browser sends one: a field, then a file of zeros. The origin knows it too, because a
// proxy that passes the form on as it is must be told the checksum of all of it.
#ifndef BENCH_FORM_H
#define BENCH_FORM_H

#include "crc64.h"

#define FORM_BOUNDARY "----BenchFormBoundary7MA4YWxkTrZu0gW"

static const char form_before[] =
    "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"device\"\r\n\r\nbench\r\n"
    "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"object\"\r\n"
    "Content-Type: application/octet-stream\r\n\r\n";
static const char form_after[] = "\r\n--" FORM_BOUNDARY "--\r\n";

enum { form_before_size = sizeof form_before - 1, form_after_size = sizeof form_after - 1 };

/// The checksum of a form that is `count` bytes long altogether.
static inline uint64_t crc64_of_form(uint64_t count) {
    uint64_t state = crc64_update(~UINT64_C(0), (const unsigned char *)form_before, form_before_size);
    state = crc64_zeros(state, count - form_before_size - form_after_size);
    return ~crc64_update(state, (const unsigned char *)form_after, form_after_size);
}

#endif
