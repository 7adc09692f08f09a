// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A place in a document: line and column in Unicode scalars, both from 1.
struct Position: Sendable, Hashable {
    var line: Int
    var column: Int

    static var wholeFile: Position { Position(line: 0, column: 0) }
}

/// A value of the document with its place in it.
struct ConfigNode: Sendable {
    enum Value: Sendable {
        case null
        case text(String)
        case list([ConfigNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let keyPosition: Position
        let node: ConfigNode
    }

    let value: Value
    let position: Position
    /// The place as names and indices, such as `routes[2].match.path`.
    let path: String

    /// What the value is, in words for messages.
    var kind: String {
        switch value {
        case .null: "nothing"
        case .text: "text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    func child(named key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
