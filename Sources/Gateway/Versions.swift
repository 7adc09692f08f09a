// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Eventing
internal import Upstream

/// What is running.
package enum Versions {
    package static let putback = "0.1.0"

    /// Putback, Swift and the libraries as they are loaded, in the order to print them.
    package static var all: [(name: String, version: String)] {
        [
            ("putback", putback), ("swift", swift), ("libevent", LibraryVersion.libevent),
            ("libcurl", LibraryVersion.libcurl), ("openssl", LibraryVersion.openssl),
        ]
    }

    private static var swift: String {
        #if swift(>=6.4)
            "6.4 or later"
        #else
            "6.3"
        #endif
    }
}
