// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads request heads strictly: what two servers could understand differently is refused (RFC 9112 §2.2, §3, §5, §6).
///
/// Give it the bytes of a connection from the first one of a request, and again with more behind them while it answers
/// nil: it goes on where it stopped, so a client that sends single bytes costs no more than one that sends them at once.
/// A fault is thrown at the first byte that proves it, whether or not the head is complete.
package struct RequestParser: ~Copyable {
    package let limits: WireLimits
    private var line = RequestLineParser()
    private var lines = FieldLineParser()
    private var position = 0
    private var failure: WireError?
    private var semantics = RequestFields()
    /// Collects positions until the head is complete, then changes places with the fields of the caller's head.
    private var fields = HeaderFields()

    package init(limits: WireLimits = .client) {
        self.limits = limits
    }

    /// Forgets the request in progress. Not needed after a complete head: the parser is then ready for the next one.
    package mutating func reset() {
        line = RequestLineParser()
        lines = FieldLineParser()
        semantics = RequestFields()
        position = 0
        failure = nil
        fields.removeAll()
    }

    /// Parses a head from the start of `bytes` into `head`.
    ///
    /// - Returns: how many bytes the head took, an empty line in front of it included; nil if more are needed, and then
    ///   `head` is unchanged and the next call must begin with the same bytes.
    /// - Throws: what is wrong; the same again for each call until `reset`.
    package mutating func parse(
        _ bytes: Span<UInt8>, into head: inout RequestHead
    ) throws(WireError) -> Int? {
        if let failure { throw failure }
        do throws(WireError.Code) {
            guard try advance(bytes) else {
                if position >= limits.headBytes { throw .headTooLarge }
                return nil
            }
            try finish(bytes, into: &head)
        } catch {
            let failure = WireError(error)
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
            try line.advance(bytes, position: &position, end: end, targetLimit: limits.targetBytes)
            guard line.isComplete else { return false }
        }
        while true {
            switch try lines.advance(bytes, position: &position, end: end) {
            case .needsMore: return false
            case .end: return true
            case .field:
                guard fields.count < limits.fieldCount else { throw .tooManyFields }
                let value = bytes.trimmed(lines.value)
                try semantics.take(bytes, name: lines.name, value: value, line: lines.line, isHTTP10: line.isHTTP10)
                fields.enter(HeaderFields.Entry(name: lines.name, value: value), name: bytes.extracting(lines.name))
            }
        }
    }

    /// Checks what only the whole head shows, and fills `head`.
    private mutating func finish(_ bytes: Span<UInt8>, into head: inout RequestHead) throws(WireError.Code) {
        guard semantics.host != nil || line.isHTTP10 else { throw .missingHost }
        let framing = semantics.framing.ofRequest
        head.method = line.method
        head.minorVersion = line.isHTTP10 ? 0 : 1
        head.framing = framing
        head.keepAlive = semantics.framing.persists(minorVersion: head.minorVersion)
        head.expectsContinue = semantics.expectsContinue && !line.isHTTP10 && framing != .none && framing != .length(0)
        line.form.write(
            bytes, host: semantics.host ?? 0..<0, isOptions: line.method == .options, into: &head)
        fields.bytes.append(bytes.extracting(0..<position))
        swap(&fields, &head.fields)
    }
}
