// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Takes a `multipart/form-data` body apart (RFC 7578, RFC 2046 §5.1) without copying the bytes of files: it tells where
/// they stand.
///
/// Bytes given once need not be given again. Of a file nothing is ever held: what may be the beginning of a delimiter at
/// the end of one piece is, if it was none, the beginning of ``delimiter`` all the same, and is told as such. Text in
/// front of the first delimiter and behind the last one is skipped. A delimiter counts only once its whole line was
/// seen, so that a file is never told to have ended where something else might follow.
package struct FormDecoder: ~Copyable {
    package enum Event: Equatable, Sendable {
        /// A field is complete.
        case field(name: [UInt8], value: [UInt8])
        /// The header of a file was read; its bytes follow, if it has any.
        case fileBegan(FormPart)
        /// Bytes of the file, where they stand in the span given; never empty.
        case fileBytes(Range<Int>)
        /// Bytes of the file that came with an earlier span: so many of ``delimiter``; never empty.
        case fileBytesHeld(Range<Int>)
        case fileEnded
        /// The last delimiter was read; whatever follows is skipped.
        case ended
    }

    /// What one call found.
    package struct Step: Equatable, Sendable {
        /// Bytes read from `offset` on.
        package var consumed: Int
        /// nil when all bytes were read and nothing is to be told.
        package var event: Event?
    }

    private enum State {
        /// Between a delimiter line, or the part's header, and the next delimiter. → delimiter
        case content
        /// Behind a delimiter, in its line. → header, closed
        case delimiter
        /// → content
        case header
        /// All parts were read, which is not told yet. → over
        case closed
        case over
    }

    /// What the bytes between two delimiters are.
    private enum Content {
        case preamble, field, file
        /// An empty part of a sender whose forms end in one.
        case nothing
    }

    /// CR, LF, two hyphens and the boundary: what ends a part.
    package let delimiter: [UInt8]
    private let options: FormOptions
    private var state = State.content
    private var content = Content.preamble
    /// How many bytes of the delimiter were seen last, in earlier spans. A line end in front of the body's first byte and
    /// of a part's first byte is taken for seen: a delimiter may stand there.
    private var matched = 2
    /// How many of those are no bytes of the content.
    private var assumed = 2
    private var line = FormDelimiterLine()
    private var header = FormHeaderLines()
    private var fieldName: [UInt8] = []
    private var fieldValue: [UInt8] = []
    private var preambleBytes = 0
    private var fieldsBytes = 0
    private var parts = 0
    private var failure: FormError?

    /// No less than what is held of fields and headers, and what was told of them.
    package var heldBytes: Int { fieldsBytes }

    package init(boundary: FormBoundary, options: FormOptions = FormOptions()) {
        delimiter = Array("\r\n--".utf8) + boundary.octets
        self.options = options
    }

    /// Reads from `offset` up to the next event or to the end of the bytes.
    ///
    /// Call it again with `offset` moved by `consumed` until it tells no event.
    /// - Throws: what is wrong; the same again for each later call.
    package mutating func decode(_ bytes: Span<UInt8>, from offset: Int) throws(FormError) -> Step {
        if let failure { throw failure }
        precondition(offset >= 0 && offset <= bytes.count, "the offset lies inside the bytes")
        var position = offset
        do throws(FormError) {
            while position < bytes.count || state == .closed {
                if let event = try advance(bytes, &position) {
                    return Step(consumed: position &- offset, event: event)
                }
            }
        } catch {
            failure = error
            throw error
        }
        return Step(consumed: position &- offset, event: nil)
    }

    /// The body is complete: what that means, one event for each call, until it tells none.
    ///
    /// - Throws: ``FormError/truncated`` or ``FormError/noDelimiter`` where more should have come.
    package mutating func decodeEnd() throws(FormError) -> Event? {
        if let failure { throw failure }
        switch state {
        case .delimiter where line.isLast:
            if let event = endDelimiter() { return event }
            return try decodeEnd()
        case .header where options.toleratesOpenEnd && header.isEmpty && parts > 0, .closed:
            state = .over
            return .ended
        case .over:
            return nil
        case .content, .delimiter, .header:
            let error = content == .preamble && state == .content ? FormError.noDelimiter : .truncated
            failure = error
            throw error
        }
    }

    private mutating func advance(_ bytes: Span<UInt8>, _ position: inout Int) throws(FormError) -> Event? {
        switch state {
        case .content:
            if matched > 0 { return try resumeDelimiter(bytes, &position) }
            return try readContent(bytes, &position)
        case .delimiter:
            position &+= 1
            return try line.read(bytes[position &- 1]) ? endDelimiter() : nil
        case .header:
            guard let fields = try header.read(bytes, &position, limit: options.partHeaderBytes) else { return nil }
            return try beginPart(fields)
        case .closed:
            state = .over
            return .ended
        case .over:
            position = bytes.count
            return nil
        }
    }

    // MARK: - Content

    /// Goes on with a delimiter that began in an earlier span.
    private mutating func resumeDelimiter(_ bytes: Span<UInt8>, _ position: inout Int) throws(FormError) -> Event? {
        let more = delimiterBytes(bytes, at: position, from: matched)
        guard matched &+ more < delimiter.count else {
            position &+= more
            matched = 0
            beginDelimiter()
            return nil
        }
        guard position &+ more < bytes.count else {
            position = bytes.count
            matched &+= more
            return nil
        }
        // It was none. The bytes of this span are read as content: the only CR of a delimiter is its first byte.
        let held = assumed..<matched
        matched = 0
        guard !held.isEmpty else { return nil }
        if content == .file { return .fileBytesHeld(held) }
        let delimiter = self.delimiter
        try take(delimiter.span.extracting(held))
        return nil
    }

    private mutating func readContent(_ bytes: Span<UInt8>, _ position: inout Int) throws(FormError) -> Event? {
        let start = position
        var end = start
        while true {
            end = bytes.firstIndex(of: Byte.carriageReturn, from: end)
            guard end < bytes.count else {
                position = end
                break
            }
            let same = delimiterBytes(bytes, at: end, from: 0)
            if same == delimiter.count {
                // Content in front of it is told first, and the delimiter then found again at once.
                position = end
                guard end == start else { break }
                position &+= same
                beginDelimiter()
                return nil
            }
            if end &+ same == bytes.count {
                position = bytes.count
                matched = same
                assumed = 0
                break
            }
            end &+= same
        }
        guard start < end else { return nil }
        if content == .file { return .fileBytes(start..<end) }
        try take(bytes.extracting(start..<end))
        return nil
    }

    /// How many bytes at `position` are those of the delimiter from `start` on.
    private func delimiterBytes(_ bytes: Span<UInt8>, at position: Int, from start: Int) -> Int {
        let limit = min(bytes.count &- position, delimiter.count &- start)
        var count = 0
        while count < limit, bytes[position &+ count] == delimiter[start &+ count] { count &+= 1 }
        return count
    }

    /// Content of anything but a file.
    private mutating func take(_ bytes: Span<UInt8>) throws(FormError) {
        switch content {
        case .preamble:
            preambleBytes &+= bytes.count
            guard preambleBytes <= options.partHeaderBytes else { throw .noDelimiter }
        case .field:
            let count = fieldValue.count &+ bytes.count
            guard count <= options.fieldBytes else { throw .fieldTooLong(options.fieldBytes) }
            try countFieldBytes(bytes.count)
            fieldValue.append(bytes)
        case .nothing:
            throw .partWithoutName
        case .file:
            preconditionFailure("bytes of files are told, not taken")
        }
    }

    private mutating func countFieldBytes(_ count: Int) throws(FormError) {
        fieldsBytes &+= count
        guard fieldsBytes <= options.allFieldsBytes else { throw .fieldsTooLong(options.allFieldsBytes) }
    }

    // MARK: - Parts

    private mutating func beginDelimiter() {
        state = .delimiter
        line = FormDelimiterLine()
    }

    /// The delimiter stands: what it ends is told.
    private mutating func endDelimiter() -> Event? {
        let ended = content
        state = line.isLast || ended == .file && options.endsWithFile ? .closed : .header
        content = .nothing
        header = FormHeaderLines()
        switch ended {
        case .preamble, .nothing: return nil
        case .file: return .fileEnded
        case .field: return .field(name: fieldName, value: fieldValue)
        }
    }

    private mutating func beginPart(_ fields: HeaderFields) throws(FormError) -> Event? {
        state = .content
        (matched, assumed) = (2, 2)
        if fields.isEmpty, options.toleratesOpenEnd { return nil }
        let part = try FormPart(fields)
        parts &+= 1
        guard parts <= options.partCount else { throw .tooManyParts(options.partCount) }
        try countFieldBytes(fields.bytes.count)
        if isFile(part) {
            content = .file
            return .fileBegan(part)
        }
        content = .field
        fieldName = part.name
        fieldValue = []
        return nil
    }

    private func isFile(_ part: FormPart) -> Bool {
        guard part.fileName == nil else { return true }
        guard let name = options.fileField?.utf8 else { return false }
        return name.count == part.name.count && part.name.span.matchesIgnoringCase(name.span, at: 0)
    }
}
