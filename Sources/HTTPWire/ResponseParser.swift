// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads the heads of a store's answers as strictly as requests: a body whose end is in doubt must never be taken for
/// complete, nor its rest for the next answer (RFC 9112 §4, §5, §6.3).
///
/// Use it like `RequestParser`. Interim answers (1xx) are returned like others, without a body.
package struct ResponseParser: ~Copyable {
    package let limits: WireLimits
    /// Method of the request being answered; an answer to HEAD has no body.
    package var requestMethod: HTTPMethod
    private var line = StatusLineParser()
    private var lines = FieldLineParser()
    private var framing = FramingFields()
    private var position = 0
    private var failure: WireError?
    /// Collects positions until the head is complete, then changes places with the fields of the caller's head.
    private var fields = HeaderFields()

    package init(limits: WireLimits = .store, requestMethod: HTTPMethod = .get) {
        self.limits = limits
        self.requestMethod = requestMethod
    }

    /// Forgets the answer in progress. Not needed after a complete head: the parser is then ready for the next one.
    package mutating func reset() {
        line = StatusLineParser()
        lines = FieldLineParser()
        framing = FramingFields()
        position = 0
        failure = nil
        fields.removeAll()
    }

    /// Parses a head from the start of `bytes` into `head`.
    ///
    /// - Returns: how many bytes the head took; nil if more are needed, and then `head` is unchanged and the next call
    ///   must begin with the same bytes.
    /// - Throws: what is wrong, with sender `store`; the same again for each call until `reset`.
    package mutating func parse(
        _ bytes: Span<UInt8>, into head: inout ResponseHead
    ) throws(WireError) -> Int? {
        if let failure { throw failure }
        do throws(WireError.Code) {
            guard try advance(bytes) else {
                if position >= limits.headBytes { throw .headTooLarge }
                return nil
            }
            try finish(bytes, into: &head)
        } catch {
            let failure = WireError(error, from: .store)
            self.failure = failure
            throw failure
        }
        let consumed = position
        reset()
        return consumed
    }

    /// Reads what is there and allowed; true once the empty line was read.
    private mutating func advance(_ bytes: Span<UInt8>) throws(WireError.Code) -> Bool {
        let end = min(bytes.count, limits.headBytes)
        if !line.isComplete {
            try line.advance(bytes, position: &position, end: end)
            guard line.isComplete else { return false }
        }
        while true {
            switch try lines.advance(bytes, position: &position, end: end) {
            case .needsMore: return false
            case .end: return true
            case .field:
                guard fields.count < limits.fieldCount else { throw .tooManyFields }
                let value = bytes.trimmed(lines.value)
                try take(bytes, name: lines.name, value: value)
                fields.enter(HeaderFields.Entry(name: lines.name, value: value), name: bytes.extracting(lines.name))
            }
        }
    }

    private mutating func take(
        _ bytes: Span<UInt8>, name: Range<Int>, value: Range<Int>
    ) throws(WireError.Code) {
        switch name.count {
        case 10 where bytes.holdsIgnoringCase("connection", at: name):
            framing.takeConnection(bytes, value: value)
        case 14 where bytes.holdsIgnoringCase("content-length", at: name):
            guard !framing.isChunked else { throw .lengthAndTransferEncoding }
            try framing.takeRepeatableLength(bytes, value: value)
        case 17 where bytes.holdsIgnoringCase("transfer-encoding", at: name):
            guard line.minorVersion == 1 else { throw .transferEncodingInHTTP10 }
            guard framing.length == nil else { throw .lengthAndTransferEncoding }
            try framing.takeTransferEncoding(bytes, value: value, line: lines.line)
        default: break
        }
    }

    private mutating func finish(_ bytes: Span<UInt8>, into head: inout ResponseHead) throws(WireError.Code) {
        // 101 follows only an Upgrade, which never crosses.
        guard line.status != 101 else { throw .unexpectedUpgrade }
        let framing = try bodyFraming()
        head.status = line.status
        head.minorVersion = line.minorVersion
        head.framing = framing
        head.keepAlive = self.framing.persists(minorVersion: line.minorVersion) && framing != .untilClose
        head.reason.removeAll(keepingCapacity: true)
        head.reason.append(bytes.extracting(line.reason))
        fields.bytes.append(bytes.extracting(0..<position))
        swap(&fields, &head.fields)
    }

    /// The rules of RFC 9112 §6.3 in their order.
    private func bodyFraming() throws(WireError.Code) -> BodyFraming {
        if line.status < 200 || line.status == 204 {
            // RFC 9112 §6.1 and RFC 9110 §8.6 forbid both fields here; a length of zero harms nobody.
            guard !framing.isChunked, framing.length ?? 0 == 0 else { throw .bodyNotAllowed }
            return .none
        }
        if requestMethod == .head || line.status == 304 { return .none }
        if framing.isChunked { return .chunked }
        if let length = framing.length { return .length(length) }
        return .untilClose
    }
}
