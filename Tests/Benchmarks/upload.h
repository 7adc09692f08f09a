// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// What every upload of load sends: a head, `cycle_size` bytes over and over for `body_size` bytes, and a tail.
#ifndef BENCH_UPLOAD_H
#define BENCH_UPLOAD_H

#include "form.h"
#include "http.h"

enum { block_size = 1024 * 1024, chunk_size = 64 * 1024, chunk_extra = 9, pieces = 8 };
enum { chunk_period = chunk_size + chunk_extra };
enum shape { with_length, in_chunks, as_form };

static char head[8192], cycle[block_size], tail[256];
static size_t head_size, cycle_size, tail_size;
static uint64_t body_size, wire_size;

static void append(const char *text) {
    size_t length = strlen(text);
    if (head_size + length >= sizeof head) fail("the head is too long");
    memcpy(head + head_size, text, length + 1);
    head_size += length;
}

/// Makes the request. `fields` are more header fields, each with its CRLF.
static void compose(const char *path, uint64_t bytes, enum shape shape, const char *fields) {
    char length[64];
    uint64_t whole = shape == as_form ? bytes + form_before_size + form_after_size : bytes;
    snprintf(length, sizeof length, "Content-Length: %llu\r\n\r\n", (unsigned long long)whole);
    append(shape == as_form ? "POST " : "PUT ");
    append(path);
    append(" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nContent-Type: ");
    append(shape == as_form ? "multipart/form-data; boundary=" FORM_BOUNDARY "\r\n" : "application/octet-stream\r\n");
    append(fields);
    append(shape == in_chunks ? "Transfer-Encoding: chunked\r\n\r\n" : length);
    cycle_size = block_size;
    body_size = bytes;
    if (shape == in_chunks) {
        cycle_size = chunk_period;
        body_size = bytes / chunk_size * chunk_period;
        memcpy(cycle, "10000\r\n", 7);
        memcpy(cycle + 7 + chunk_size, "\r\n", 2);
        memcpy(tail, "0\r\n\r\n", tail_size = 5);
    }
    if (shape == as_form) {
        append(form_before);
        memcpy(tail, form_after, tail_size = form_after_size);
    }
    wire_size = head_size + body_size + tail_size;
}

/// The next pieces from `position` on, up to `limit`.
static int gather(uint64_t position, uint64_t limit, struct iovec vectors[pieces]) {
    int count = 0;
    while (position < limit && count < pieces) {
        const char *start;
        uint64_t length;
        if (position < head_size) {
            start = head + position;
            length = head_size - position;
        } else if (position < head_size + body_size) {
            uint64_t body = position - head_size, offset = body % cycle_size;
            start = cycle + offset;
            length = cycle_size - offset < body_size - body ? cycle_size - offset : body_size - body;
        } else {
            start = tail + (position - head_size - body_size);
            length = wire_size - position;
        }
        if (length > limit - position) length = limit - position;
        vectors[count++] = (struct iovec){(void *)start, (size_t)length};
        position += length;
    }
    return count;
}

#endif
