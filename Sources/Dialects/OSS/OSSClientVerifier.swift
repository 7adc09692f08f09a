// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
package import Signing

/// Checks who sent the requests of OSS's clients; confined to its loop.
package final class OSSClientVerifier: ClientVerifier {
    // Any region will do, since Putback is in none.
    private let verifier = OSSVerifier(region: nil)

    package init() {}

    package func verify(
        _ request: ClientRequest, _ head: RequestHead, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String {
        let resource = OSSResource(
            bucket: request.bucket, key: request.key.isEmpty ? nil : request.key, parameters: request.parameters)
        let result = verifier.verify(
            method: head.method.name, resource: resource, fields: head.fields, now: now, key: key)
        switch result {
        case .authenticated(let id): return id
        case .anonymous: throw VendorError(.accessDenied, "Anonymous access is forbidden for this operation.")
        case .refused(let failure): throw VendorError(failure)
        }
    }

    package func verifyForm(
        _ request: inout ClientRequest, fields: [FormField], file: FormFile, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String {
        let form = try OSSForm(fields, file)
        switch verifier.verifyForm(form.conditioned(bucket: request.bucket), now: now, key: key) {
        case .authenticated(let id, let policy):
            request.lengthRange = policy.lengthRange
            return id
        case .anonymous: throw VendorError(.accessDenied, "Anonymous access is forbidden for this operation.")
        case .refused(let failure): throw VendorError(failure)
        }
    }
}
