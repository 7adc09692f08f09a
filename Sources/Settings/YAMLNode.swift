// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A value of a YAML text, before anything is refused or given a meaning.
struct YAMLNode {
    enum Content {
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    let content: Content
    /// Nil when the text gives none.
    let tag: String?
    let position: Position

    /// Where a key stands that is given again in its mapping.
    var repeatedKey: Position? {
        switch content {
        case .scalar: return nil
        case .sequence(let items): return items.lazy.compactMap(\.repeatedKey).first
        case .mapping(let pairs):
            var places: [String: Position] = [:]
            for (key, value) in pairs {
                if let place = value.repeatedKey { return place }
                guard case .scalar(let name, _) = key.content else { continue }
                if let earlier = places.updateValue(key.position, forKey: name) { return earlier }
            }
            return nil
        }
    }
}

/// Makes a tree of the events of a text that has no alias.
struct YAMLComposer: ~Copyable {
    /// libyaml's work grows with the square of the depth, and the stack is finite.
    private static var maximumDepth: Int { 1000 }

    private var events: YAMLEvents

    private init(_ text: String) throws(YAMLError) { events = try YAMLEvents(text) }

    /// The only document of `text`; nil when it has none.
    static func compose(_ text: String) throws(YAMLError) -> YAMLNode? {
        var composer = try YAMLComposer(text)
        return try composer.document()
    }

    private mutating func document() throws(YAMLError) -> YAMLNode? {
        _ = try events.next()  // the start of the stream
        if case .streamEnd = try events.next().kind { return nil }
        let root = try node(events.next(), depth: 0)
        _ = try events.next()  // the end of the document
        let last = try events.next()
        guard case .streamEnd = last.kind else {
            throw .syntax(
                last.position, problem: "expected a single document in the stream, line 1: but found another document")
        }
        return root
    }

    /// The node that begins with `event`.
    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> YAMLNode {
        guard depth < Self.maximumDepth else { throw .nestedTooDeep(event.position) }
        let content: YAMLNode.Content
        switch event.kind {
        case .scalar(let text, let isPlain): content = .scalar(text, isPlain: isPlain)
        case .sequenceStart: content = .sequence(try items(depth: depth + 1))
        case .mappingStart: content = .mapping(try pairs(depth: depth + 1))
        case .alias, .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            preconditionFailure("a node begins with a value, and the text has no alias")
        }
        return YAMLNode(content: content, tag: event.tag, position: event.position)
    }

    private mutating func items(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { return items }
            items.append(try node(event, depth: depth))
        }
    }

    private mutating func pairs(depth: Int) throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
        var pairs: [(key: YAMLNode, value: YAMLNode)] = []
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return pairs }
            let key = try node(event, depth: depth)
            pairs.append((key, try node(events.next(), depth: depth)))
        }
    }
}
