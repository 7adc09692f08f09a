// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets
internal import Signing

/// Checks who sent requests of TOS; confined to its loop.
final class TOSClientVerifier: ClientVerifier {
    /// What each policy must say of its own signature (page 129225).
    private static let pinned = ["x-tos-algorithm", "x-tos-credential", "x-tos-date"]

    private let verifier = TOSVerifier()

    package func verify(
        _ request: ClientRequest, _ head: RequestHead, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String {
        // What is signed is the path as the client addressed it, decoded once.
        guard let path = PathText.decode(head.path.span, plusIsSpace: false) else {
            throw VendorError(tos: .badKey("The path holds an invalid percent-encoding."))
        }
        let id: String?
        do throws(TOSAuthFailure) {
            id = try verifier.verify(
                method: head.method.name, path: path, parameters: request.parameters, fields: head.fields,
                host: head.authority, now: now, key: key)
        } catch {
            throw VendorError(tos: error)
        }
        guard let id else { throw VendorError(tos: .forbidden("Anonymous access is forbidden for this operation.")) }
        return id
    }

    package func verifyForm(
        _ request: inout ClientRequest, fields: [FormField], file: FormFile, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String {
        let form = try TOSForm(fields, file)
        let id: String?
        do throws(TOSAuthFailure) {
            id = try verifier.verifyForm(fields: { form.fields.first($0) }, now: now, key: key)
        } catch {
            throw VendorError(tos: error)
        }
        guard let id, let policy = form.fields.first("policy") else {
            throw VendorError(tos: .forbidden("Anonymous access is forbidden for this operation."))
        }
        let values = form.conditioned(bucket: request.bucket)
        do throws(FormPolicyFailure) {
            let policy = try FormPolicy(base64: policy.span)
            for name in Self.pinned where !policy.pins(name) { throw .missing("condition on \(name)") }
            if form.fields.first("x-tos-security-token") != nil, !policy.pins("x-tos-security-token") {
                throw .missing("condition on x-tos-security-token")
            }
            try policy.check(now: now) { values[$0.lowercased()] }
            request.lengthRange = policy.lengthRange
        } catch {
            throw VendorError(tos: error)
        }
        return id
    }
}
