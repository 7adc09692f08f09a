// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Signing

extension VendorError {
    /// The error of a code, with the code's own message and sub-code unless others are given.
    package init(
        _ code: OSSErrorCode, _ message: String? = nil, ec: String? = nil,
        details: [(element: String, text: String)] = []
    ) {
        self.init(
            status: code.status, code: code.rawValue, message: message ?? code.message,
            // A sub-code belongs to the message, not only to the code.
            ec: ec ?? (message == nil ? code.ec : nil), details: details)
    }

    /// A request that is not authenticated.
    package init(_ failure: OSSAuthFailure) {
        self.init(
            status: failure.status, code: failure.code, message: failure.message, ec: failure.ec,
            details: failure.details)
    }

    /// A parameter or header field with a wrong value.
    package static func invalidArgument(
        _ message: String? = nil, name: String, value: String, ec: String? = nil
    ) -> VendorError {
        // oss2 reads no more than 4096 bytes of an error document.
        let shown = value.utf8.count > 1024 ? String(value.prefix(1000)) + "..." : value
        return VendorError(
            .invalidArgument, message, ec: ec, details: [("ArgumentName", name), ("ArgumentValue", shown)])
    }

    /// An operation of OSS that this server does not offer: 501 with OSS's code for such things.
    package static func notImplemented(_ what: String) -> VendorError {
        VendorError(status: 501, code: "NotImplemented", message: "\(what) is not implemented.")
    }

    /// The method does not exist for that kind of resource.
    package static func methodNotAllowed(_ method: String, on resource: String) -> VendorError {
        VendorError(.methodNotAllowed, details: [("Method", method), ("ResourceType", resource)])
    }
}
