// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import Testing

@testable import DirectoryStore

/// Parts become objects.
@Suite struct CompletionTests {
    /// The checksums of the parts and of the whole are combined by the OSS SDK for Python (oss2 2.19.1).
    @Test func `makes one object of the named parts and drops the others`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let metadata = ObjectMetadata(contentType: "video/mp4", fields: [.init(name: "x-oss-meta-a", value: "1")])
        let id = try store.create("a/b", metadata: metadata)
        let start: [UInt8] = Array("test\0hello\u{1}world\u{2}!".utf8) + [3]
        try store.putPart(id, 9, Array("hello world".utf8))
        try store.putPart(id, 5, Array("not this".utf8))
        try store.putPart(id, 2, start)
        var seen: [Int] = []
        let choices = [PartChoice(number: 2), PartChoice(number: 9)]
        let stored = try store.complete(id, parts: choices) { parts in
            seen = parts.map(\.number)
            return "0123-\(parts.count)"
        }
        #expect(seen == [2, 9])
        #expect(stored.crc64 == 13_027_479_509_578_346_683 && stored.size == 30 && stored.etag == "0123-2")
        #expect(stored.md5 == nil && stored.contentMD5 == nil && !stored.isAppendable && stored.metadata == metadata)
        #expect(try store.data("a/b") == start + Array("hello world".utf8))
        #expect(try store.head("a/b") == stored)
        #expect(try root.openStore().head("a/b") == stored)
        #expect(try root.files() == ["media/a/=b"])
        #expect(try root.uploads() == [] && root.leftovers().count == 1)
    }

    @Test func `makes large objects of parts of any size in any order`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        var random = SeededGenerator(seed: 5)
        let id = try store.create("big")
        var data: [Int: [UInt8]] = [:]
        for (number, count) in [(1, 1 << 20), (2, 0), (3, 4096), (4, 700_001), (5, 1)] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try store.putPart(id, number, bytes)
            data[number] = bytes
        }
        let order = [4, 1, 2, 5, 3]
        let whole = order.flatMap { data[$0] ?? [] }
        let stored = try store.complete(id, order)
        #expect(stored.size == UInt64(whole.count) && stored.crc64 == CRC64.checksum(whole.span))
        #expect(try store.data("big") == whole)
    }

    @Test func `makes an empty object of no parts`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let stored = try store.complete(try store.create("empty"), [])
        #expect(stored.size == 0 && stored.crc64 == 0)
        #expect(try store.data("empty") == [])
    }

    @Test func `refuses parts that are not there, come twice or are others than expected`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("key", [9])
        let id = try store.create("key")
        let first = try store.putPart(id, 1, [1], sha1: true)
        let second = try store.putPart(id, 2, [2])
        let wrong: [(choices: [PartChoice], number: Int)] = [
            ([.init(number: 1), .init(number: 3)], 3),
            ([.init(number: 1), .init(number: 2), .init(number: 1)], 1),
            ([.init(number: -1)], -1), ([.init(number: .max)], .max),
            ([.init(number: 1, check: .md5(second.md5))], 1),
            ([.init(number: 1, check: .sha1(first.md5))], 1),
            ([.init(number: 2, check: .sha1(first.sha1 ?? []))], 2),
            ([.init(number: 1, check: .md5([]))], 1),
        ]
        for (choices, number) in wrong {
            let error = failure {
                _ = try store.complete(id, parts: choices) { _ in
                    Issue.record("an ETag for \(choices)")
                    return ""
                }
            }
            #expect(error?.code == .invalidPart && error?.partNumber == number)
        }
        #expect(try store.data("key") == [9])
        #expect(try store.parts(id).items == [first, second])
        let right: [PartChoice] = [
            .init(number: 1, check: .sha1(try #require(first.sha1))), .init(number: 2, check: .md5(second.md5)),
        ]
        _ = try store.complete(id, parts: right) { _ in "e" }
        #expect(try store.data("key") == [1, 2])
        #expect(try root.leftovers().count == 1)
    }

    @Test func `gives way to an object that may not be replaced, and takes another name`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("taken", [9])
        let id = try store.create("taken", metadata: ObjectMetadata(contentType: "old/type"))
        try store.putPart(id, 1, [1])
        let (choices, replacement) = ([PartChoice(number: 1)], ObjectMetadata(contentType: "new/type"))
        #expect(
            code { _ = try store.complete(id, parts: choices, replaces: false) { _ in "e" } } == .objectExists)
        #expect(
            code { _ = try store.complete(id, parts: choices, key: Array("a/.".utf8)) { _ in "e" } } == .invalidKey)
        let large = ObjectMetadata(contentType: String(repeating: "a", count: 129 << 10))
        #expect(
            code { _ = try store.complete(id, parts: choices, metadata: large) { _ in "e" } } == .metadataTooLarge)
        #expect(try store.data("taken") == [9] && root.leftovers().count == 1)
        let stored = try store.complete(
            id, parts: choices, key: Array("free".utf8), metadata: replacement, replaces: false
        ) { _ in "e" }
        #expect(stored.metadata == replacement)
        #expect(try store.data("free") == [1] && store.data("taken") == [9])
        #expect(try root.uploads() == [])
    }

    @Test func `lets an object stay that may not be replaced, whenever it came`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let pending = try (0..<2).map { _ in
            try store.beginPut(bucket: "media", key: Array("new/key".utf8), metadata: ObjectMetadata())
        }
        for (index, object) in pending.enumerated() { try object.write([UInt8(index)].span) }
        _ = try pending[1].commit(replaces: false)
        #expect(code { _ = try pending[0].commit(replaces: false) } == .objectExists)
        #expect(try store.data("new/key") == [1] && root.leftovers().count == 1)
    }

    @Test func `completes nothing out of a part that somebody damaged`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        try store.putPart(id, 1, [1, 2, 3])
        let file = URL(filePath: root.store + "/.uploads/\(id.text)/1")
        let whole = try Data(contentsOf: file)
        try whole.dropFirst().write(to: file)
        #expect(code { try store.complete(id, [1]) } == .damaged)
        try store.put("object", [1, 2, 3])
        try Data(contentsOf: URL(filePath: root.store + "/media/=object")).write(to: file)
        #expect(code { try store.complete(id, [1]) } == .damaged)
        #expect(try store.data("key") == nil && root.leftovers().count == 1)
        try whole.write(to: file)
        try whole.write(to: URL(filePath: root.store + "/media/=object"))
        #expect(code { _ = try store.head("object") } == .damaged)
        try store.complete(id, [1])
        #expect(try store.data("key") == [1, 2, 3])
    }

    /// Between file systems the kernel does not copy (copy_file_range(2): EXDEV).
    @Test(arguments: ["/dev/shm", nil]) func `copies files whatever the file system can`(place: String?) throws {
        let root = try TemporaryRoot()
        let data = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 * 7 / 3) }
        let source = "putback-\(UUID().uuidString)"
        let sourcePath = (place ?? root.url.path) + "/" + source
        try Data(data).write(to: URL(filePath: sourcePath))
        defer { try? FileManager.default.removeItem(atPath: sourcePath) }
        let file = try Descriptor.directory(atPath: place ?? root.url.path).file(source)
        let target = try Descriptor.directory(atPath: root.url.path).newFile("copy")
        try target.write("start".utf8.span)
        try target.append(file, bytes: 700_000)
        try target.append(file, from: 699_999, to: 700_001)
        try target.write("end".utf8.span)
        let expected = Data("start".utf8 + data.dropLast() + data.suffix(2) + "end".utf8)
        #expect(try Data(contentsOf: root.url.appending(path: "copy")) == expected)
        #expect(code { try target.append(file, bytes: 700_002) } == .damaged)
    }
}
