// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Octets

/// Writes heads and chunk framing of HTTP/1.1 behind what a buffer already holds.
package enum HTTPEncoder {
    /// Appends a request line and header fields. `target` must hold no blank and no control character.
    package static func appendRequest<Sink: OctetSink & ~Copyable>(
        method: HTTPMethod, target: Span<UInt8>, fields: HeaderFields, to buffer: inout Sink
    ) {
        appendRequestLine(method: method, target: target, to: &buffer)
        append(fields, to: &buffer)
        appendEnd(to: &buffer)
    }

    /// Appends a request line, for callers that write the fields one by one.
    package static func appendRequestLine<Sink: OctetSink & ~Copyable>(
        method: HTTPMethod, target: Span<UInt8>, to buffer: inout Sink
    ) {
        for index in target.indices {
            precondition(target[index] > Byte.space && target[index] != Byte.delete, "a request target has no blanks")
        }
        buffer.append(method.name)
        buffer.append(Byte.space)
        buffer.append(target)
        buffer.append(" HTTP/1.1\r\n")
    }

    /// Appends a status line with the registered reason phrase and header fields.
    package static func appendResponseHead<Sink: OctetSink & ~Copyable>(
        status: Int, fields: HeaderFields, to buffer: inout Sink
    ) {
        appendStatusLine(status, to: &buffer)
        append(fields, to: &buffer)
        appendEnd(to: &buffer)
    }

    /// Appends a status line with the registered reason phrase, for callers that write the fields one by one.
    package static func appendStatusLine<Sink: OctetSink & ~Copyable>(
        _ status: Int, to buffer: inout Sink
    ) {
        precondition((100...599).contains(status), "a status has three digits")
        buffer.append("HTTP/1.1 ")
        buffer.append(UInt8(truncatingIfNeeded: status / 100) &+ Byte.zero)
        buffer.append(UInt8(truncatingIfNeeded: status / 10 % 10) &+ Byte.zero)
        buffer.append(UInt8(truncatingIfNeeded: status % 10) &+ Byte.zero)
        buffer.append(Byte.space)
        buffer.append(ReasonPhrase.of(status))
        appendLineEnd(to: &buffer)
    }

    /// Appends all fields as lines, without the empty line; lines that follow each other in memory with one copy.
    package static func append<Sink: OctetSink & ~Copyable>(
        _ fields: HeaderFields, to buffer: inout Sink
    ) {
        let all = fields.bytes.span
        var run = 0..<0
        for index in fields.indices {
            let entry = fields.entries[index]
            if entry.isLine(in: all) {
                if entry.line.lowerBound == run.upperBound {
                    run = run.lowerBound..<entry.line.upperBound
                } else {
                    buffer.append(all.extracting(run))
                    run = entry.line
                }
            } else {
                buffer.append(all.extracting(run))
                run = 0..<0
                append(fieldAt: index, of: fields, to: &buffer)
            }
        }
        buffer.append(all.extracting(run))
    }

    /// Appends one field as a line.
    package static func append<Sink: OctetSink & ~Copyable>(
        fieldAt index: Int, of fields: HeaderFields, to buffer: inout Sink
    ) {
        let all = fields.bytes.span
        let entry = fields.entries[index]
        if entry.isLine(in: all) {
            buffer.append(all.extracting(entry.line))
        } else {
            buffer.append(all.extracting(entry.name))
            buffer.append(Byte.colon)
            buffer.append(Byte.space)
            buffer.append(all.extracting(entry.value))
            appendLineEnd(to: &buffer)
        }
    }

    /// Appends one field as a line; `value` must satisfy `HeaderFields.isValidValue`.
    package static func appendField<Sink: OctetSink & ~Copyable>(
        _ name: String, _ value: Span<UInt8>, to buffer: inout Sink
    ) {
        precondition(HeaderFields.isValidValue(value), "a field value holds a line end")
        buffer.append(name)
        buffer.append(Byte.colon)
        buffer.append(Byte.space)
        buffer.append(value)
        appendLineEnd(to: &buffer)
    }

    /// Appends one field with a decimal number, such as Content-Length.
    package static func appendField<Sink: OctetSink & ~Copyable>(
        _ name: String, decimal value: UInt64, to buffer: inout Sink
    ) {
        buffer.append(name)
        buffer.append(Byte.colon)
        buffer.append(Byte.space)
        buffer.appendDecimal(value)
        appendLineEnd(to: &buffer)
    }

    /// Appends the empty line that ends a head.
    package static func appendEnd<Sink: OctetSink & ~Copyable>(
        to buffer: inout Sink
    ) {
        appendLineEnd(to: &buffer)
    }

    /// Appends the line in front of a chunk of `size` bytes; `size` is not 0, which would end the body.
    package static func appendChunkHeader<Sink: OctetSink & ~Copyable>(
        size: Int, to buffer: inout Sink
    ) {
        precondition(size > 0, "an empty chunk would end the body")
        var shift = (UInt64(size).leadingZeroBitCount ^ 63) & ~3
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: size &>> shift) & 0x0F
            buffer.append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
            shift -= 4
        }
        appendLineEnd(to: &buffer)
    }

    /// Appends the line end behind the data of a chunk.
    package static func appendChunkTrailer<Sink: OctetSink & ~Copyable>(
        to buffer: inout Sink
    ) {
        appendLineEnd(to: &buffer)
    }

    /// Appends the last chunk and the empty trailer section.
    package static func appendLastChunk<Sink: OctetSink & ~Copyable>(
        to buffer: inout Sink
    ) {
        buffer.append("0\r\n\r\n")
    }

    @inline(__always)
    private static func appendLineEnd<Sink: OctetSink & ~Copyable>(
        to buffer: inout Sink
    ) {
        buffer.append(Byte.carriageReturn)
        buffer.append(Byte.lineFeed)
    }
}
