// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// A plain libc header must come before any event2 header: Debian's event2/event-config.h defines _GNU_SOURCE,
// and as the first include it would give fd_set another shape than Swift's Glibc module has.
#pragma once
#include <sys/types.h>
#include <sys/eventfd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
