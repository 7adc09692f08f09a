// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DirectoryStore

/// Notes outlive the one who wrote them, and are read by one only.
@Suite struct NoteBookTests {
    @Test func `takes over the notes of a book that was closed`() throws {
        let root = try TemporaryRoot()
        var first: NoteBook? = try NoteBook(path: root.store)
        let kept = try first?.write("kept".utf8.span)
        let removed = try #require(try first?.write("removed".utf8.span))
        try first?.remove(removed)
        #expect(kept != nil)
        first = nil
        let second = try NoteBook(path: root.store)
        let adopted = try second.adopt()
        #expect(adopted.map(\.bytes) == [Array("kept".utf8)])
        #expect(try second.adopt().isEmpty)
        try second.remove(adopted[0].name)
        #expect(try root.files().isEmpty)
    }

    @Test func `leaves the notes of a book that is open`() throws {
        let root = try TemporaryRoot()
        let first = try NoteBook(path: root.store)
        let name = try first.write("mine".utf8.span)
        let second = try NoteBook(path: root.store)
        #expect(try second.adopt().isEmpty)
        try first.remove(name)
    }

    @Test func `leaves no directory of a book without notes`() throws {
        let root = try TemporaryRoot()
        do { _ = try NoteBook(path: root.store) }
        let book = try NoteBook(path: root.store)
        #expect(try book.adopt().isEmpty)
        #expect(try root.directories() == 1)
    }
}

extension TemporaryRoot {
    fileprivate func directories() throws -> Int {
        try Descriptor.directory(atPath: store).entries().count
    }
}
