// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension TOSInbound {
    /// Bucket and key of a request, from its host and raw path.
    struct Place {
        let addressing: Addressing
        /// nil for requests to the service.
        let bucket: String?
        /// Decoded; nil for requests to a bucket.
        let key: [UInt8]?

        /// A host behind which the listener's stands names the bucket; on another one the bucket is the listener's, or the
        /// first segment of the path: so the Go, Java and JavaScript SDKs address IP endpoints. The Python SDK knows no path
        /// style and sends no bucket at all, so that a listener's `bucket` goes before the path, also for addresses.
        static func of(
            _ head: RequestHead, _ listener: ListenerPlace
        ) throws(VendorError) -> Place {
            let host = String(octets: head.host.span).lowercased()
            let path = head.path.dropFirst()
            if let bucket = listener.bucket(ofHost: host) {
                return Place(addressing: .virtualHost, bucket: bucket, key: try key(path))
            }
            if let bucket = listener.bucket, host != listener.baseHost {
                return Place(addressing: .customDomain, bucket: bucket, key: try key(path))
            }
            guard let slash = path.firstIndex(of: UInt8(ascii: "/")) else {
                return Place(addressing: .path, bucket: try name(path), key: nil)
            }
            return Place(addressing: .path, bucket: try name(path[..<slash]), key: try key(path[(slash + 1)...]))
        }

        private static func name(_ path: ArraySlice<UInt8>) throws(VendorError) -> String? {
            try key(path).map { String(octets: $0.span) }
        }

        /// In a path a plus is a plus: the Go SDK leaves it bare.
        private static func key(_ path: ArraySlice<UInt8>) throws(VendorError) -> [UInt8]? {
            guard !path.isEmpty else { return nil }
            guard let decoded = PathText.decode(path.span, plusIsSpace: false) else {
                throw VendorError(tos: .badKey("The path holds an invalid percent-encoding."))
            }
            return decoded
        }
    }
}
