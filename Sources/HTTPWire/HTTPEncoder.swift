// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Octets

/// Writes heads and chunk framing of HTTP/1.1 behind what a buffer already holds.
package enum HTTPEncoder {
    /// Appends a request line and header fields. `target` must hold no blank and no control character.
    package static func appendRequest(
        method: HTTPMethod, target: Span<UInt8>, fields: HeaderFields, to buffer: inout [UInt8]
    ) {
        writeRequest(method, target, fields, to: &buffer)
    }

    /// Appends a request line and header fields. `target` must hold no blank and no control character.
    package static func appendRequest(
        method: HTTPMethod, target: Span<UInt8>, fields: HeaderFields, to buffer: inout OctetBuffer
    ) {
        writeRequest(method, target, fields, to: &buffer)
    }

    /// Appends a request line, for callers that write the fields one by one.
    package static func appendRequestLine(method: HTTPMethod, target: Span<UInt8>, to buffer: inout [UInt8]) {
        writeRequestLine(method, target, to: &buffer)
    }

    private static func writeRequest(
        _ method: HTTPMethod, _ target: Span<UInt8>, _ fields: HeaderFields, to buffer: inout some OctetSink & ~Copyable
    ) {
        writeRequestLine(method, target, to: &buffer)
        write(fields, to: &buffer)
        buffer.append("\r\n")
    }

    private static func writeRequestLine(
        _ method: HTTPMethod, _ target: Span<UInt8>, to buffer: inout some OctetSink & ~Copyable
    ) {
        precondition(target.isVisible, "a request target has no blanks")
        switch method {
        case .put: buffer.append("PUT ")
        case .get: buffer.append("GET ")
        default:
            buffer.append(method.name)
            buffer.append(Byte.space)
        }
        buffer.append(target)
        buffer.append(" HTTP/1.1\r\n")
    }

    /// Appends a status line with the registered reason phrase and header fields.
    package static func appendResponseHead(status: Int, fields: HeaderFields, to buffer: inout [UInt8]) {
        appendStatusLine(status, to: &buffer)
        append(fields, to: &buffer)
        appendEnd(to: &buffer)
    }

    /// Appends a status line with the registered reason phrase and header fields.
    package static func appendResponseHead(status: Int, fields: HeaderFields, to buffer: inout OctetBuffer) {
        appendStatusLine(status, to: &buffer)
        append(fields, to: &buffer)
        appendEnd(to: &buffer)
    }

    /// Appends a status line with the registered reason phrase, for callers that write the fields one by one.
    package static func appendStatusLine(_ status: Int, to buffer: inout [UInt8]) {
        writeStatusLine(status, to: &buffer)
    }

    /// Appends a status line with the registered reason phrase, for callers that write the fields one by one.
    package static func appendStatusLine(_ status: Int, to buffer: inout OctetBuffer) {
        writeStatusLine(status, to: &buffer)
    }

    private static func writeStatusLine(_ status: Int, to buffer: inout some OctetSink & ~Copyable) {
        precondition((100...599).contains(status), "a status has three digits")
        if status == 200 { return buffer.append("HTTP/1.1 200 OK\r\n") }
        buffer.append("HTTP/1.1 ")
        buffer.appendDecimal(UInt64(status))
        buffer.append(Byte.space)
        buffer.append(ReasonPhrase.of(status))
        buffer.append("\r\n")
    }

    /// Appends all fields as lines, without the empty line; lines that follow each other in memory with one copy.
    package static func append(_ fields: HeaderFields, to buffer: inout [UInt8]) {
        write(fields, to: &buffer)
    }

    /// Appends all fields as lines, without the empty line; lines that follow each other in memory with one copy.
    package static func append(_ fields: HeaderFields, to buffer: inout OctetBuffer) {
        write(fields, to: &buffer)
    }

    private static func write(_ fields: HeaderFields, to buffer: inout some OctetSink & ~Copyable) {
        let all = fields.bytes.span
        var run = 0..<0
        for index in fields.indices {
            let entry = fields.entry(at: index)
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
                write(entry, of: all, to: &buffer)
            }
        }
        buffer.append(all.extracting(run))
    }

    /// Appends one field as a line.
    package static func append(fieldAt index: Int, of fields: HeaderFields, to buffer: inout [UInt8]) {
        write(fields.entry(at: index), of: fields.bytes.span, to: &buffer)
    }

    /// Appends one field as a line.
    package static func append(fieldAt index: Int, of fields: HeaderFields, to buffer: inout OctetBuffer) {
        write(fields.entry(at: index), of: fields.bytes.span, to: &buffer)
    }

    private static func write(
        _ entry: HeaderFields.Entry, of all: Span<UInt8>, to buffer: inout some OctetSink & ~Copyable
    ) {
        if entry.isLine(in: all) {
            buffer.append(all.extracting(entry.line))
        } else {
            buffer.append(all.extracting(entry.name))
            buffer.append(": ")
            buffer.append(all.extracting(entry.value))
            buffer.append("\r\n")
        }
    }

    /// Appends one field as a line; `value` must satisfy `HeaderFields.isValidValue`.
    package static func appendField(_ name: StaticString, _ value: Span<UInt8>, to buffer: inout [UInt8]) {
        writeField(name.octets, value, to: &buffer)
    }

    /// Appends one field as a line; `value` must satisfy `HeaderFields.isValidValue`.
    package static func appendField(_ name: StaticString, _ value: Span<UInt8>, to buffer: inout OctetBuffer) {
        writeField(name.octets, value, to: &buffer)
    }

    /// Appends one field as a line, by a name that is not known before the program runs and must be a token.
    @_disfavoredOverload
    package static func appendField(_ name: String, _ value: Span<UInt8>, to buffer: inout [UInt8]) {
        precondition(HeaderFields.isToken(name.utf8.span), "a field name is a token")
        writeField(name.utf8.span, value, to: &buffer)
    }

    private static func writeField(
        _ name: Span<UInt8>, _ value: Span<UInt8>, to buffer: inout some OctetSink & ~Copyable
    ) {
        precondition(HeaderFields.isValidValue(value), "a field value holds a line end")
        buffer.append(name)
        buffer.append(": ")
        buffer.append(value)
        buffer.append("\r\n")
    }

    /// Appends one field with a decimal number, such as Content-Length.
    package static func appendField(_ name: StaticString, decimal value: UInt64, to buffer: inout [UInt8]) {
        writeField(name, decimal: value, to: &buffer)
    }

    /// Appends one field with a decimal number, such as Content-Length.
    package static func appendField(_ name: StaticString, decimal value: UInt64, to buffer: inout OctetBuffer) {
        writeField(name, decimal: value, to: &buffer)
    }

    private static func writeField(
        _ name: StaticString, decimal value: UInt64, to buffer: inout some OctetSink & ~Copyable
    ) {
        buffer.append(name)
        buffer.append(": ")
        buffer.appendDecimal(value)
        buffer.append("\r\n")
    }

    /// Appends the empty line that ends a head.
    package static func appendEnd(to buffer: inout [UInt8]) {
        buffer.append("\r\n")
    }

    /// Appends the empty line that ends a head.
    package static func appendEnd(to buffer: inout OctetBuffer) {
        buffer.append("\r\n")
    }

    /// Appends the line in front of a chunk of `size` bytes; `size` is not 0, which would end the body.
    package static func appendChunkHeader(size: Int, to buffer: inout [UInt8]) {
        precondition(size > 0, "an empty chunk would end the body")
        buffer.appendHex(UInt64(size))
        buffer.append("\r\n")
    }

    /// Appends the line in front of a chunk of `size` bytes; `size` is not 0, which would end the body.
    package static func appendChunkHeader(size: Int, to buffer: inout OctetBuffer) {
        precondition(size > 0, "an empty chunk would end the body")
        buffer.appendHex(UInt64(size))
        buffer.append("\r\n")
    }

    /// Appends the line end behind the data of a chunk.
    package static func appendChunkTrailer(to buffer: inout [UInt8]) {
        buffer.append("\r\n")
    }

    /// Appends the line end behind the data of a chunk.
    package static func appendChunkTrailer(to buffer: inout OctetBuffer) {
        buffer.append("\r\n")
    }

    /// Appends the last chunk and the empty trailer section.
    package static func appendLastChunk(to buffer: inout [UInt8]) {
        buffer.append("0\r\n\r\n")
    }

    /// Appends the last chunk and the empty trailer section.
    package static func appendLastChunk(to buffer: inout OctetBuffer) {
        buffer.append("0\r\n\r\n")
    }
}
