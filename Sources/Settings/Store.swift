// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Dialects

/// Where objects are kept.
package final class Store: Sendable {
    /// The dialect of a store and what only that dialect needs.
    package enum Kind: Sendable {
        case remote(RemoteStoreSettings)
        case directory(DirectorySettings)
    }

    package let name: String
    package let bucket: BucketPattern
    package let kind: Kind
    /// The vendor whose protocol the store speaks; nil for a directory.
    package let dialect: DialectName?

    init(name: String, bucket: BucketPattern, kind: Kind) {
        self.name = name
        self.bucket = bucket
        self.kind = kind
        dialect =
            switch kind {
            case .remote(let remote): remote.dialect
            case .directory: nil
            }
    }

    /// Whether the store itself can make callbacks.
    package var makesCallbacks: Bool { dialect != nil }

    /// The bucket for a client that named `clientBucket`; nil when the pattern needs one and there is none.
    package func bucketName(clientBucket: String?) -> String? {
        // Apart from the pattern's own way, which would copy the pattern first.
        if bucket.suffix == nil { return bucket.prefix }
        return bucket.name(clientBucket: clientBucket)
    }
}

/// Files below a path.
package struct DirectorySettings: Sendable {
    /// How long an upload in parts is kept that no part comes to: seven days, which leaves time to go on with it.
    static let defaultSeconds = 7 * 24 * 60 * 60

    package let path: String
    /// After it, from its last part on, an upload in parts is dropped; nil for never.
    package let abortUploadsAfterSeconds: Int?
}

/// A bucket of a cloud, or of a server that speaks its protocol.
package struct RemoteStoreSettings: Sendable {
    /// Which signature requests carry, where the vendor has several (OSS).
    package enum Signature: String, Sendable, CaseIterable { case v4, v1 }

    package let dialect: DialectName
    package let endpoint: Endpoint
    /// Where connections to the endpoint go, as if these were its addresses; itself where no others are given.
    package let addresses: [Endpoint]
    package let balance: StoreBalance
    /// Without the vendor's prefix (`oss-`, `tos-`); nil where signatures name none: OSS with ``Signature/v1``, US3.
    package let region: String?
    package let addressing: Addressing
    /// Nil where the vendor has only one.
    package let signature: Signature?
    package let credentials: StoreCredentials
    /// Path of PEM certificates that the store's chain must end in; nil takes the system's.
    package let caFile: String?
    /// The proxy in front of the store; its URL may hold a password.
    package let proxy: Secret?
}

/// How connections are spread over the addresses of a store.
package enum StoreBalance: String, Sendable, CaseIterable {
    /// One after the other.
    case roundRobin
    /// The first that works; the others stand in for it.
    case first
}

/// What signs requests to a store.
package struct StoreCredentials: Sendable {
    package let id: String
    package let secret: Secret
    /// A security token of temporary credentials.
    package let token: Secret?
}

/// The scheme, host and port of a store.
package struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    package let isTLS: Bool
    /// Lower-case name or numeric address, without brackets.
    package let host: String
    package let port: UInt16

    package var description: String { "\(isTLS ? "https" : "http")://\(authority)" }

    /// Host and, unless it is the scheme's own, port, as in a `Host` field.
    package var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }
}

/// The name of a bucket, which may contain the bucket that an SDK client named, written `${bucket}`.
package struct BucketPattern: Sendable, Equatable {
    package let prefix: String
    /// Nil when the name is constant, and ``prefix`` all of it.
    package let suffix: String?

    package var needsClientBucket: Bool { suffix != nil }

    /// The bucket for a client that named `clientBucket`; nil when the pattern needs one and there is none.
    package func name(clientBucket: String?) -> String? {
        guard let suffix else { return prefix }
        return clientBucket.map { prefix + $0 + suffix }
    }
}
