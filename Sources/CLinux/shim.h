// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// copy_file_range is a GNU extension that Swift's Glibc module does not show; the symbol is glibc's (2.27 and later). Nor does
// it show sendfile.
#pragma once
#include <stddef.h>
#include <sys/sendfile.h>
#include <sys/types.h>

/// Copies on at the place in `to` where it is; moves `offset`, a place in `from`. See copy_file_range(2).
static inline ssize_t pb_copy_file_range(int from, off_t *_Nonnull offset, int to, size_t count) {
    extern ssize_t copy_file_range(int, off_t *_Nullable, int, off_t *_Nullable, size_t, unsigned int);
    return copy_file_range(from, offset, to, NULL, count, 0);
}
