// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CYAML

/// One step through a YAML text.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd
        case documentStart, documentEnd
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
        case alias
        /// - isPlain: it stands without quotes and is no block.
        case scalar(String, isPlain: Bool)
    }

    let kind: Kind
    /// As the text gives it, its handle resolved; nil when it gives none.
    let tag: String?
    let position: Position
}

/// Why a text is not a YAML document.
enum YAMLError: Error {
    case outOfMemory
    /// A character, -1 for none, that no text may hold.
    case character(Int32, problem: String)
    /// libyaml's words.
    case syntax(Position, problem: String)
    case nestedTooDeep(Position)
}

/// libyaml's `yaml_parser_t` on a text, one event at a time.
@safe struct YAMLEvents: ~Copyable {
    /// libyaml keeps a pointer to its own parser (`yaml_parser_set_input_string`), so it must not move.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// Read by the parser until it is deleted.
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            throw .outOfMemory
        }
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = unsafe input.initialize(fromContentsOf: text.utf8)
        // Told the encoding, the parser does not guess UTF-16 from the first bytes.
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        unsafe self.parser = unsafe parser
        unsafe self.input = unsafe input
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// Not to be called after an error.
    mutating func next() throws(YAMLError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw unsafe Self.error(of: parser.pointee) }
        defer { unsafe yaml_event_delete(&event) }
        let data = unsafe event.data
        let position = unsafe Position(event.start_mark)
        func step(_ kind: YAMLEvent.Kind, tag: UnsafeMutablePointer<yaml_char_t>? = nil) -> YAMLEvent {
            unsafe YAMLEvent(kind: kind, tag: tag.map { unsafe String(cString: $0) }, position: position)
        }
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return step(.streamStart)
        case YAML_STREAM_END_EVENT: return step(.streamEnd)
        case YAML_DOCUMENT_START_EVENT: return step(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return step(.documentEnd)
        case YAML_SEQUENCE_START_EVENT: return unsafe step(.sequenceStart, tag: data.sequence_start.tag)
        case YAML_SEQUENCE_END_EVENT: return step(.sequenceEnd)
        case YAML_MAPPING_START_EVENT: return unsafe step(.mappingStart, tag: data.mapping_start.tag)
        case YAML_MAPPING_END_EVENT: return step(.mappingEnd)
        case YAML_ALIAS_EVENT: return step(.alias)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            return unsafe step(.scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), tag: scalar.tag)
        default: preconditionFailure("libyaml has no other events")
        }
    }

    private static func error(of parser: yaml_parser_t) -> YAMLError {
        let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? ""
        switch unsafe parser.error {
        case YAML_MEMORY_ERROR: return .outOfMemory
        case YAML_READER_ERROR: return unsafe .character(parser.problem_value, problem: problem)
        default:
            let place = unsafe Position(parser.problem_mark)
            guard let context = unsafe parser.context else { return .syntax(place, problem: problem) }
            let line = unsafe Position(parser.context_mark).line
            return unsafe .syntax(place, problem: "\(String(cString: context)), line \(line): \(problem)")
        }
    }
}

extension Position {
    /// Marks count lines and Unicode scalars from 0.
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
