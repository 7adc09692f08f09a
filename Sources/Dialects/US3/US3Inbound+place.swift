// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension US3Inbound {
    /// Bucket and key of a request, from its host and raw path.
    struct Place {
        let addressing: Addressing
        let bucket: String
        /// Decoded; empty for requests to the bucket.
        let key: [UInt8]

        /// The bucket is the first label of the host. A custom domain and an endpoint with an address do not tell it:
        /// it is the listener's (introduction/region.md, guide/domain.md; `endpoint` of the Go SDK, `@` suffix of the
        /// Python SDK).
        static func of(_ head: RequestHead, _ listener: ListenerPlace) throws(VendorError) -> Place {
            let host = String(octets: head.host.span).lowercased()
            let key = try key(head.path.dropFirst())
            if let bucket = listener.bucket(ofHost: host) {
                guard US3Names.isBucket(bucket) else { throw VendorError.us3(.bucketNotExists) }
                return Place(addressing: .virtualHost, bucket: bucket, key: key)
            }
            guard let bucket = listener.bucket else { throw VendorError.us3(.bucketNotExists) }
            return Place(addressing: .customDomain, bucket: bucket, key: key)
        }

        /// A plus sign is one, and an encoded slash is a slash (both SDKs send pluses bare; JS encodes slashes).
        private static func key(_ path: ArraySlice<UInt8>) throws(VendorError) -> [UInt8] {
            guard let decoded = PathText.decode(path.span) else {
                throw VendorError.us3(.invalidArgument, "invalid path")
            }
            return decoded
        }
    }
}
