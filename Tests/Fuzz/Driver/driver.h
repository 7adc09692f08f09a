// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for programs that have a main of their own; its header is not part of the toolchain.
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(
    int *_Nonnull argc, char *_Nullable *_Nonnull *_Nonnull argv,
    int (*_Nonnull callback)(const uint8_t *_Nullable data, size_t size));
