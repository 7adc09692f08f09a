// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The system's wall clock.
enum UnixTime {
    static var seconds: Int64 { Int64(time(nil)) }
}
