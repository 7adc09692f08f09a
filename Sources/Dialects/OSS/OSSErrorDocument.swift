// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets

extension ErrorDocument {
    /// Reads the body, or for answers to HEAD the field `x-oss-err`, and the fields that repeat parts of it.
    ///
    /// Source: `tryConvertServiceError` in client.go of the Go SDK v2; oss2 `exceptions.py`.
    ///
    /// - Parameter body: as much of it as was read; later parts of long ones do not matter.
    package init(ossFields fields: HeaderFields, body: Span<UInt8>) {
        var scanner = XMLScanner(body)
        if body.isEmpty, let header = fields.first("x-oss-err"), let decoded = Base64.decode(header.span) {
            scanner = XMLScanner(decoded.span)
        }
        self.init(
            code: scanner.text("Code") ?? "", message: scanner.text("Message") ?? "",
            ec: scanner.text("EC") ?? fields.string("x-oss-ec"),
            requestID: fields.string("x-oss-request-id") ?? scanner.text("RequestId"))
    }
}
