// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What the fields of a request say about itself: its host, its framing, its expectation.
struct RequestFields {
    var framing = FramingFields()
    private(set) var host: Range<Int>?
    private(set) var expectsContinue = false

    /// Looks at one field. Names are told apart by their length first, so most cost one comparison.
    @inline(__always)
    mutating func take(
        _ bytes: Span<UInt8>, name: Range<Int>, value: Range<Int>, line: Range<Int>, isHTTP10: Bool
    ) throws(WireError.Code) {
        switch name.count {
        case 4 where bytes.holdsIgnoringCase("host", at: name):
            guard host == nil else { throw .duplicateHost }
            guard Authority.isValid(bytes, at: value) else { throw .badHost }
            host = value
        case 6 where bytes.holdsIgnoringCase("expect", at: name):
            guard bytes.holdsIgnoringCase("100-continue", at: value) else { throw .expectationFailed }
            expectsContinue = true
        case 10 where bytes.holdsIgnoringCase("connection", at: name):
            framing.takeConnection(bytes, value: value)
        case 14 where bytes.holdsIgnoringCase("content-length", at: name):
            guard !framing.isChunked else { throw .lengthAndTransferEncoding }
            try framing.takeLength(bytes, value: value)
        case 17 where bytes.holdsIgnoringCase("transfer-encoding", at: name):
            guard !isHTTP10 else { throw .transferEncodingInHTTP10 }
            guard framing.length == nil else { throw .lengthAndTransferEncoding }
            try framing.takeTransferEncoding(bytes, value: value, line: line)
        default: break
        }
    }
}
