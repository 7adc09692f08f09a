// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// An error as a vendor's client is told it.
package struct VendorError: Error, Sendable {
    /// HTTP status; 203 for a failed callback of OSS and TOS.
    package var status: Int
    /// The vendor's code: `NoSuchKey` of OSS and TOS, the decimal `RetCode` of US3.
    package var code: String
    /// The vendor's message.
    package var message: String
    /// `EC`, the sub-code of OSS and TOS, where one is known.
    package var ec: String?
    /// Members of the error document that only this error has, in order.
    package var details: [(element: String, text: String)]
    /// Header fields that only this error has, in order.
    package var fields: [(name: String, value: String)] = []

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
}
