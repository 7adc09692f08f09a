// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
package import Signing

/// Writes the requests to one store, and signs them; confined to its loop.
package protocol StoreWriter: AnyObject {
    /// Writes a signed request. What it asks of memory is kept from one to the next.
    ///
    /// - Parameters:
    ///   - operation: not `postObject`, which is written as `putObject`.
    ///   - key: empty for operations on the bucket.
    ///   - clientFields: the client's, of which only those go along that the dialect lets cross for this operation.
    ///   - source: whose they are.
    ///   - routeFields: the route's; they replace the client's of the same name. Only for what makes an object.
    ///   - callback: the one that the store is to make.
    ///   - framing: of the body: a length, or chunks where the store takes them; `none` for operations without one.
    ///   - now: Unix seconds.
    func write(
        _ operation: StoreOperation, bucket: String, key: ArraySlice<UInt8>, clientFields: HeaderFields,
        from source: FieldSource, routeFields: HeaderFields, callback: StoreCallback?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest)

    /// What the signature of that request covers; for `explain`.
    func signedText(
        _ operation: StoreOperation, bucket: String, key: [UInt8], request: StoreRequest, callback: StoreCallback?,
        now: Int64
    ) -> SignedText

    /// The body of a completion of these parts, in order.
    func completionBody(_ parts: [Completion.Part]) -> [UInt8]
}

extension StoreWriter {
    /// The same for a key that is nobody else's part.
    package func write(
        _ operation: StoreOperation, bucket: String, key: [UInt8], clientFields: HeaderFields,
        from source: FieldSource, routeFields: HeaderFields, callback: StoreCallback?, framing: BodyFraming, now: Int64,
        into request: inout StoreRequest
    ) {
        write(
            operation, bucket: bucket, key: key[...], clientFields: clientFields, from: source,
            routeFields: routeFields, callback: callback, framing: framing, now: now, into: &request)
    }
}

/// A callback as it travels to a store that makes it.
package struct StoreCallback: Sendable, Equatable {
    /// Base64: `x-oss-callback`, `x-tos-callback`, or the put policy of US3.
    package var parameters: String
    /// Base64: `x-oss-callback-var`, `x-tos-callback-var`; nil: none.
    package var variables: String?

    package init(parameters: String, variables: String? = nil) {
        self.parameters = parameters
        self.variables = variables
    }
}

/// Who sent the fields that go with an upload.
package enum FieldSource: Sendable {
    /// A client that knows no store: only what HTTP itself says about content crosses.
    case plain
    /// A client of the store's dialect: also what the vendor lets uploads say about the object.
    case sdk
}

/// A store as its writer needs to know it.
package struct StoreIdentity: Sendable {
    package var key: AccessKey
    /// Of signatures that name one; empty elsewhere.
    package var region: String
    /// The signature's version where the vendor has several: `v4`, `v1`.
    package var signature: String?
    package var addressing: Addressing
    /// Host and, unless it is the scheme's own, port of the endpoint, or of the custom domain.
    package var authority: String

    package init(key: AccessKey, region: String, signature: String?, addressing: Addressing, authority: String) {
        self.key = key
        self.region = region
        self.signature = signature
        self.addressing = addressing
        self.authority = authority
    }
}
