// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Signing

/// What an error document of OSS says.
package struct OSSError: Error, Sendable {
    /// HTTP status; 203 for a failed callback.
    package var status: Int
    /// `Code`.
    package var code: String
    /// `Message`.
    package var message: String
    /// `EC`, the sub-code, where one is known.
    package var ec: String?
    /// Elements that only this error has, in order.
    package var details: [(element: String, text: String)]

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

    /// Any error, such as one that another store or module named.
    package init(
        status: Int, code: String, message: String, ec: String? = nil,
        details: [(element: String, text: String)] = []
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.ec = ec
        self.details = details
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
    ) -> OSSError {
        // oss2 reads no more than 4096 bytes of an error document.
        let shown = value.utf8.count > 1024 ? String(value.prefix(1000)) + "..." : value
        return OSSError(
            .invalidArgument, message, ec: ec, details: [("ArgumentName", name), ("ArgumentValue", shown)])
    }

    /// An operation of OSS that this server does not offer: 501 with OSS's code for such things.
    package static func notImplemented(_ what: String) -> OSSError {
        OSSError(status: 501, code: "NotImplemented", message: "\(what) is not implemented.")
    }

    /// The method does not exist for that kind of resource.
    package static func methodNotAllowed(_ method: String, on resource: String) -> OSSError {
        OSSError(.methodNotAllowed, details: [("Method", method), ("ResourceType", resource)])
    }
}
