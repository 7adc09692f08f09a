// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A message that breaks HTTP/1.1 or our limits; the connection it came on cannot be used any further.
package struct WireError: Error, Equatable, Sendable {
    /// Who sent the message.
    package enum Sender: Sendable {
        case client
        case store
    }

    package let code: Code
    package let sender: Sender

    package init(_ code: Code, from sender: Sender = .client) {
        self.code = code
        self.sender = sender
    }

    /// HTTP status to answer the client with: the code's own if the client is at fault, 502 if the store is.
    package var status: Int { sender == .store ? 502 : code.status }

    /// One sentence for people; constant for each code, so it never repeats bytes of the peer.
    package var message: String { code.message }
}

extension WireError: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(message)" }
}

extension WireError {
    /// What was wrong; the raw value is a bounded label for logs and metrics.
    package enum Code: String, Error, Sendable, CaseIterable {
        case bareLineFeed = "bare-line-feed"
        case bareCarriageReturn = "bare-carriage-return"
        case controlCharacter = "control-character"
        case emptyFieldName = "empty-field-name"
        case badFieldName = "bad-field-name"
        case spaceBeforeColon = "space-before-colon"
        case foldedLine = "folded-line"
        case tooManyFields = "too-many-fields"
        case headTooLarge = "head-too-large"
        case targetTooLong = "target-too-long"
        case badMethod = "bad-method"
        case methodNotAllowed = "method-not-allowed"
        case badTarget = "bad-target"
        case badPercentEncoding = "bad-percent-encoding"
        case encodedNUL = "encoded-nul"
        case missingVersion = "missing-version"
        case badVersion = "bad-version"
        case missingHost = "missing-host"
        case duplicateHost = "duplicate-host"
        case badHost = "bad-host"
        case badContentLength = "bad-content-length"
        case duplicateContentLength = "duplicate-content-length"
        case lengthAndTransferEncoding = "length-and-transfer-encoding"
        case badTransferEncoding = "bad-transfer-encoding"
        case transferEncodingInHTTP10 = "transfer-encoding-in-http10"
        case expectationFailed = "expectation-failed"
        case badStatusLine = "bad-status-line"
        case unexpectedUpgrade = "unexpected-upgrade"
        case bodyNotAllowed = "body-not-allowed"
        case badChunkSize = "bad-chunk-size"
        case badChunkEnd = "bad-chunk-end"
        case chunkExtensionsTooLong = "chunk-extensions-too-long"
    }
}

extension WireError.Code {
    fileprivate var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields: 431
        case .targetTooLong: 414
        case .methodNotAllowed: 405
        case .expectationFailed: 417
        default: 400
        }
    }

    var message: String {
        switch self {
        case .bareLineFeed: "A line ends with LF alone; lines end with CRLF."
        case .bareCarriageReturn: "A CR is not followed by LF."
        case .controlCharacter: "A line holds a control character."
        case .emptyFieldName: "A header field has an empty name."
        case .badFieldName: "A header field name holds a character that is no token character."
        case .spaceBeforeColon: "White space stands between a header field name and its colon."
        case .foldedLine: "A header field is continued on a second line, or a line starts with white space."
        case .tooManyFields: "There are too many header fields."
        case .headTooLarge: "The header section is too large."
        case .targetTooLong: "The request target is too long."
        case .badMethod: "The request line does not start with a method."
        case .methodNotAllowed: "CONNECT and TRACE are not served."
        case .badTarget: "The request target is neither a path, an http URL nor, for OPTIONS, an asterisk."
        case .badPercentEncoding: "A percent sign is not followed by two hexadecimal digits."
        case .encodedNUL: "The request target holds an encoded NUL."
        case .missingVersion: "The request line has no HTTP version."
        case .badVersion: "The HTTP version is neither HTTP/1.1 nor HTTP/1.0."
        case .missingHost: "An HTTP/1.1 request needs a Host field."
        case .duplicateHost: "There is more than one Host field."
        case .badHost: "The host is not a valid name or address with an optional port."
        case .badContentLength: "Content-Length is not a plain decimal number."
        case .duplicateContentLength: "There is more than one Content-Length."
        case .lengthAndTransferEncoding: "Content-Length and Transfer-Encoding exclude each other."
        case .badTransferEncoding: "Transfer-Encoding is anything but a single chunked."
        case .transferEncodingInHTTP10: "Transfer-Encoding does not exist in HTTP/1.0."
        case .expectationFailed: "The only expectation that can be met is 100-continue."
        case .badStatusLine: "The status line is malformed."
        case .unexpectedUpgrade: "The answer switches to a protocol nobody asked for."
        case .bodyNotAllowed: "The answer announces a body where its status allows none."
        case .badChunkSize: "A chunk size is not a plain hexadecimal number of at most 16 digits."
        case .badChunkEnd: "The data of a chunk are not followed by CRLF."
        case .chunkExtensionsTooLong: "The chunk extensions of the body are too long."
        }
    }
}
