// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import HTTPWire
private import Octets

/// What a vendor makes of a callback's end, and so what its client is told.
package enum VendorVerdict: Sendable, Equatable {
    /// 200 with this body, byte for byte.
    case success(body: [UInt8], contentType: String)
    /// 203 `CallbackFailed` with this message; `ec` where the service publishes one.
    case failure(message: String, ec: String?)
}

/// Judges an app's answer by the rules of OSS (OSS, page Callback, and its page "HTTP 203 status code"), which TOS is
/// taken to have too: it publishes no rules, no sentences and no sub-codes, and says nothing of XML.
package struct VendorJudge: Sendable {
    package let vendor: CallbackVendor

    package init(_ vendor: CallbackVendor) { self.vendor = vendor }

    /// The verdict on an answer.
    package func judge(_ answer: CallbackAnswer) -> VendorVerdict {
        guard answer.status == 200 else {
            return failure("Error status : \(answer.status).", ec: "0007-00000203")
        }
        if let problem = Self.lengthProblem(answer) { return failure(problem) }
        if (try? JSON.parse(answer.body.span)) != nil {
            return .success(body: answer.body, contentType: "application/json")
        }
        if vendor == .oss, Self.isXML(answer) { return .success(body: answer.body, contentType: "application/xml") }
        return failure("Response body is not valid json format.", ec: "0007-00000205")
    }

    /// The verdict when the client's body cannot be sent at all (TOS: ``ClientCallback/renderBody(_:)``).
    package func judge(_ error: CallbackBodyError) -> VendorVerdict { failure(error.message) }

    private func failure(_ message: String, ec: String? = nil) -> VendorVerdict {
        .failure(message: message, ec: vendor == .oss ? ec : nil)
    }

    /// The verdict when there is no answer.
    package func judge(_ transport: CallbackTransportFailure) -> VendorVerdict {
        switch transport {
        case .timeout(let peer, let milliseconds):
            let limit = "cost:\(milliseconds)ms, timeout:\(milliseconds)ms"
            return failure("Error status : -1 \(peer) reply timeout, \(limit) (err -4, errno115)")
        case .tooLong:
            return failure(Self.tooLong)
        case .unresolved, .forbidden, .unreachable, .tls, .closed, .malformed:
            return failure("Error status : 502.", ec: "0007-00000203")
        }
    }

    // The service writes "Error Status" here, "Error status" elsewhere, and "conent".
    private static let missing = "Error Status : 400.User server missing content-length."
    private static let invalid = "Error Status : 400.User server return invalid conent-length value."
    private static let tooLong = "Error Status : 400.User server return too long content-length value."

    private static func lengthProblem(_ answer: CallbackAnswer) -> String? {
        if answer.fields.contains("transfer-encoding") { return missing }
        guard let text = answer.fields.string("content-length") else { return missing }
        guard answer.fields.count(of: "content-length") == 1, !text.isEmpty, text.utf8.allSatisfy(\.isDecimalDigit)
        else { return invalid }
        // All digits: no number means more of them than an Int holds.
        guard let length = Int(text), length <= CallbackAnswer.maximumBodyBytes else { return tooLong }
        return length > 0 && length == answer.body.count ? nil : invalid
    }

    /// XML is taken when the app says so and it looks like it (OSS, page Callback of 2025, Chinese text).
    private static func isXML(_ answer: CallbackAnswer) -> Bool {
        guard let type = answer.fields.string("content-type") else { return false }
        let essence = type.prefix { $0 != ";" }.lowercased()
        guard essence.split(separator: " ").first == "application/xml" else { return false }
        let text = answer.body.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        return text.first == UInt8(ascii: "<") && text.dropFirst().first.map { $0.isASCIILetter || $0 == 0x3F } == true
            && text.last.map { $0 == UInt8(ascii: ">") || $0 <= 0x20 } == true
    }
}
