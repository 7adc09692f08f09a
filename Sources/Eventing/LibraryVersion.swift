// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
private import COpenSSL

/// Versions of the libraries that are loaded.
package enum LibraryVersion {
    package static var libevent: String { unsafe String(cString: event_get_version()) }
    package static var openssl: String { unsafe String(cString: OpenSSL_version(OPENSSL_VERSION_STRING)) }
}
