// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension OSSInbound {
    /// Bucket and key of a request, from its host and raw path.
    struct Place {
        let addressing: Addressing
        /// nil for requests to the service.
        let bucket: String?
        /// Decoded; nil for requests to a bucket.
        let key: [UInt8]?

        /// Source: "Access OSS by using endpoints and bucket domain names" of the OSS help; oss2 `_UrlMaker`, `buildURL`
        /// of the Go SDK v2: addresses and `localhost` are path style always.
        static func of(
            _ head: RequestHead, _ listener: ListenerPlace
        ) throws(VendorError) -> Place {
            let host = String(octets: head.host.span).lowercased()
            let path = head.path.dropFirst()
            if let bucket = listener.bucket(ofHost: host) {
                return Place(addressing: .virtualHost, bucket: bucket, key: try key(path))
            }
            if let bucket = listener.bucket, host != listener.baseHost, !host.isEmpty, !isAddress(host) {
                return Place(addressing: .customDomain, bucket: bucket, key: try key(path))
            }
            // A slash that belongs to the key may be encoded, the one behind the bucket is not: split first.
            guard let slash = path.firstIndex(of: UInt8(ascii: "/")) else {
                return Place(addressing: .path, bucket: try name(path), key: nil)
            }
            return Place(addressing: .path, bucket: try name(path[..<slash]), key: try key(path[(slash + 1)...]))
        }

        private static func isAddress(_ host: String) -> Bool {
            if host == "localhost" || host.hasPrefix("[") { return true }
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
        }

        private static func name(_ path: ArraySlice<UInt8>) throws(VendorError) -> String? {
            guard !path.isEmpty else { return nil }
            let decoded = try decode(path)
            return String(octets: decoded.span)
        }

        private static func key(_ path: ArraySlice<UInt8>) throws(VendorError) -> [UInt8]? {
            path.isEmpty ? nil : try decode(path)
        }

        /// OSS reads a plus in a path as a space, so that the Ruby SDK's keys work (its tests/test_object_key.rb).
        private static func decode(_ path: ArraySlice<UInt8>) throws(VendorError) -> [UInt8] {
            guard let decoded = PathText.decode(path.span, plusIsSpace: true) else {
                throw VendorError(.invalidObjectName)
            }
            return decoded
        }
    }
}
