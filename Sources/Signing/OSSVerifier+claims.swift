// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire

extension OSSVerifier {
    typealias Lookup = (String) -> AccessKey?

    /// What is to be verified.
    struct Request {
        let method: String
        let resource: OSSResource
        let fields: HeaderFields
        let now: Int64
    }

    /// What a V4 request says about its signature.
    struct Claim {
        let scope: OSSCredentialScope
        let additional: [UInt8]
        let signature: [UInt8]
        /// Where the signature stands among the parameters; nil in header form.
        let parameterIndex: Int?
    }

    /// Where a request carries its signature.
    enum Form {
        case none, header, urlV1, urlV4

        init(_ request: Request) throws(OSSAuthFailure) {
            let names = ["x-oss-signature-version", "x-oss-credential", "x-oss-signature"]
            let hasV4 = names.contains { request.resource.first($0) != nil }
            let hasV1 = request.resource.first("OSSAccessKeyId") != nil || request.resource.first("Signature") != nil
            if request.fields.contains("Authorization") {
                guard !hasV1, !hasV4 else { throw .headerAndURL }
                self = .header
            } else if hasV4 {
                self = .urlV4
            } else {
                self = hasV1 || request.resource.first("Expires") != nil ? .urlV1 : .none
            }
        }
    }
}
