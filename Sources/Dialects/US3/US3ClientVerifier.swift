// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
package import Signing

/// Checks who sent the requests of US3's clients; confined to its loop.
package final class US3ClientVerifier: ClientVerifier {
    private let verifier = US3Verifier()

    package init() {}

    package func verify(
        _ request: ClientRequest, _ head: RequestHead, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String {
        let claim = US3Claim(
            method: head.method.name, bucket: request.bucket, key: request.key, parameters: request.parameters,
            fields: head.fields)
        return try Self.keyID(verifier.verify(claim, now: now, key: key))
    }

    /// A form says nothing of a time, and its signature is over the name and the file's type only: there is no policy
    /// whose rules could be held against its fields.
    package func verifyForm(
        _ request: inout ClientRequest, fields: [FormField], file: FormFile, now: Int64, key: (String) -> AccessKey?
    ) throws(VendorError) -> String {
        let form = try US3Form(fields, file)
        let head = request.objectFields ?? HeaderFields()
        let result = verifier.verifyForm(
            authorization: form.first("authorization"), bucket: request.bucket, key: request.key,
            fileMD5: head.first("Content-MD5").map(Array.init) ?? [],
            fileType: head.first("Content-Type").map(Array.init) ?? [],
            token: form.first("securitytoken") ?? head.first("SecurityToken").map(Array.init), lookup: key)
        return try Self.keyID(result)
    }

    private static func keyID(_ result: US3Authentication) throws(VendorError) -> String {
        switch result {
        case .authenticated(let id, _): return id
        case .anonymous: throw VendorError.us3(.noAuthorization)
        case .refused(let failure):
            throw VendorError(status: failure.status, code: String(failure.retCode), message: failure.message)
        }
    }
}
