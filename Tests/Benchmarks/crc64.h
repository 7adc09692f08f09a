// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// CRC-64/XZ, as OSS answers it: reflected polynomial 0xC96C5795D7870F42, all ones before and after.
#ifndef BENCH_CRC64_H
#define BENCH_CRC64_H

#include <stddef.h>
#include <stdint.h>

enum { crc64_bits = 64 };
static const uint64_t crc64_polynomial = 0xC96C5795D7870F42;

static inline uint64_t crc64_shift(uint64_t state) { return (state >> 1) ^ (state & 1 ? crc64_polynomial : 0); }

/// The running state of a checksum over `count` more bytes; begin with ~0, invert at the end.
static inline uint64_t crc64_update(uint64_t state, const unsigned char *bytes, size_t count) {
    static uint64_t table[256];
    if (!table[1]) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint64_t entry = byte;
            for (int bit = 0; bit < 8; bit++) entry = crc64_shift(entry);
            table[byte] = entry;
        }
    }
    while (count--) state = table[(state ^ *bytes++) & 0xFF] ^ (state >> 8);
    return state;
}

static inline uint64_t crc64_times(const uint64_t matrix[crc64_bits], uint64_t vector) {
    uint64_t product = 0;
    for (int bit = 0; vector; bit++, vector >>= 1) product ^= vector & 1 ? matrix[bit] : 0;
    return product;
}

/// The running state after `count` more zero bytes, without looking at them: a zero byte is a linear map of the state,
/// and the map of twice as many is its square.
static inline uint64_t crc64_zeros(uint64_t state, uint64_t count) {
    uint64_t map[crc64_bits], square[crc64_bits];
    for (int bit = 0; bit < crc64_bits; bit++) {
        map[bit] = UINT64_C(1) << bit;
        for (int shift = 0; shift < 8; shift++) map[bit] = crc64_shift(map[bit]);
    }
    for (; count; count >>= 1) {
        if (count & 1) state = crc64_times(map, state);
        for (int bit = 0; bit < crc64_bits; bit++) square[bit] = crc64_times(map, map[bit]);
        __builtin_memcpy(map, square, sizeof map);
    }
    return state;
}

#endif
