// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension ErrorDocument {
    /// Reads an error of TOS: one flat object, or wrapped in `Error` as page 1188893 shows it; HEAD has `x-tos-ec` only.
    package init(tos answer: WireAnswer) {
        let json = try? JSON.parse(answer.body.span)
        let object = json?["Error"] ?? json
        self.init(
            code: object?["Code"]?.stringValue ?? "", message: object?["Message"]?.stringValue ?? "",
            ec: object?["EC"]?.stringValue ?? answer.fields.string("x-tos-ec"),
            requestID: answer.fields.string("x-tos-request-id") ?? object?["RequestId"]?.stringValue)
    }
}
