// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
import Testing

/// Objects go in and come out.
@Suite struct ObjectTests {
    @Test func `keeps data and metadata and knows their digests`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let metadata = ObjectMetadata(
            contentType: "text/plain; charset=utf-8",
            fields: [
                .init(name: "Cache-Control", value: "no-cache"),
                .init(name: "x-oss-meta-名", value: "\"quoted\" 中\u{1}"),
                .init(name: "x-oss-meta-twice", value: ""), .init(name: "x-oss-meta-twice", value: "2"),
            ])
        let before = Int64(Date().timeIntervalSince1970) - 1
        let stored = try store.put("hello.txt", Array("hello world".utf8), metadata: metadata)
        // CRC-64 and MD5 of "hello world", computed with the OSS SDK for Python (oss2 2.19.1).
        #expect(stored.crc64 == 5_981_764_153_023_615_706)
        #expect(stored.etag == "5EB63BBBE01EEED093CB22BB8F5ACDC3")
        #expect(stored.contentMD5 == "XrY7u+Ae7tCTyyK7j1rNww==")
        #expect(stored.size == 11 && stored.metadata == metadata)
        #expect((before...before + 60).contains(stored.lastModified))
        #expect(try store.head(bucket: "media", key: Array("hello.txt".utf8)) == stored)
        let reopened = try root.openStore()
        #expect(try reopened.head(bucket: "media", key: Array("hello.txt".utf8)) == stored)
        #expect(try reopened.data("hello.txt") == Array("hello world".utf8))
    }

    @Test func `keeps an empty object without a type`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let stored = try store.put("empty", [])
        #expect(stored.etag == "D41D8CD98F00B204E9800998ECF8427E" && stored.crc64 == 0 && stored.size == 0)
        #expect(stored.metadata.contentType == nil)
        #expect(try store.data("empty") == [])
    }

    @Test func `keeps the largest metadata in its longest spelling and refuses more`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let control = String(repeating: "\u{1}", count: (128 << 10) - 9)
        let largest = ObjectMetadata(fields: [.init(name: "a", value: control)])
        try store.put("largest", [1], metadata: largest)
        #expect(try store.head(bucket: "media", key: Array("largest".utf8))?.metadata == largest)
        let many = ObjectMetadata(fields: Array(repeating: .init(name: "", value: ""), count: 16 << 10))
        try store.put("many", [1], metadata: many)
        #expect(try store.head(bucket: "media", key: Array("many".utf8))?.metadata == many)
        let larger = ObjectMetadata(contentType: "b", fields: largest.fields)
        #expect(code { try store.put("larger", [1], metadata: larger) } == .metadataTooLarge)
        #expect(try store.data("larger") == nil)
    }

    @Test func `takes data in pieces and reads any range of it`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        var random = SeededGenerator(seed: 1)
        let data = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let pending = try store.beginPut(bucket: "media", key: Array("big".utf8), metadata: ObjectMetadata())
        var written = 0
        while written < data.count {
            let next = min(data.count, written + Int.random(in: 0...20_000, using: &random))
            try pending.write(data.span.extracting(written..<next))
            written = next
        }
        #expect(pending.size == 300_000)
        let (inPieces, whole) = (try pending.commit(), try store.put("whole", data))
        // All but the time of the commit, which a second may begin between.
        #expect(inPieces.size == whole.size && inPieces.metadata == whole.metadata)
        #expect(inPieces.md5 == whole.md5 && inPieces.crc64 == whole.crc64)
        let reader = try #require(try store.open(bucket: "media", key: Array("big".utf8)))
        for _ in 0..<50 {
            let start = Int.random(in: 0...data.count + 10, using: &random)
            let count = Int.random(in: 0...70_000, using: &random)
            let expected = start < data.count ? Array(data[start..<min(data.count, start + count)]) : []
            #expect(try reader.bytes(at: UInt64(start), count: count) == expected)
        }
        #expect(try reader.bytes(at: .max, count: 1) == [])
    }

    @Test func `shows nothing before the commit and nothing after an abort`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let key = Array("a/b".utf8)
        let pending = try store.beginPut(bucket: "media", key: key, metadata: ObjectMetadata())
        try pending.write("half".utf8.span)
        #expect(try store.head(bucket: "media", key: key) == nil)
        #expect(try root.leftovers().count == 2)
        pending.abort()
        pending.abort()
        #expect(try store.head(bucket: "media", key: key) == nil)
        #expect(try root.leftovers().count == 1)
        #expect(try root.files() == [])
        do {
            let dropped = try store.beginPut(bucket: "media", key: key, metadata: ObjectMetadata())
            try dropped.write("half".utf8.span)
        }
        #expect(try root.leftovers().count == 1)
    }

    @Test func `replaces an object while an older reader still sees all of the old one`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let old = [UInt8](repeating: 1, count: 100_000)
        let new = [UInt8](repeating: 2, count: 50_000)
        try store.put("key", old, metadata: ObjectMetadata(contentType: "old/type"))
        let reader = try #require(try store.open(bucket: "media", key: Array("key".utf8)))
        #expect(try reader.bytes(at: 0, count: 10) == Array(old[..<10]))
        try store.put("key", new, metadata: ObjectMetadata(contentType: "new/type"))
        #expect(try reader.bytes(at: 0, count: 200_000) == old)
        #expect(reader.object.metadata.contentType == "old/type")
        #expect(try store.data("key") == new)
        #expect(try store.delete(bucket: "media", key: Array("key".utf8)))
        #expect(try reader.bytes(at: 99_990, count: 100) == Array(old[99_990...]))
        #expect(try store.data("key") == nil)
    }

    @Test func `lets the last commit win`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let first = try store.beginPut(bucket: "media", key: [65], metadata: ObjectMetadata())
        let second = try store.beginPut(bucket: "media", key: [65], metadata: ObjectMetadata())
        try first.write("first".utf8.span)
        try second.write("second".utf8.span)
        _ = try second.commit()
        _ = try first.commit()
        #expect(try store.data("A") == Array("first".utf8))
        #expect(try root.leftovers().count == 1)
    }

    @Test func `deletes objects and the directories that become empty`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("a/b/c/d", [1])
        try store.put("a/b", [2])
        #expect(try store.delete(bucket: "media", key: Array("a/b/c/d".utf8)))
        #expect(try store.delete(bucket: "media", key: Array("a/b/c/d".utf8)) == false)
        #expect(try store.delete(bucket: "nothere", key: Array("a".utf8)) == false)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: root.store + "/media").sorted() == ["a", "a/=b"])
        #expect(try store.delete(bucket: "media", key: Array("a/b".utf8)))
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.store + "/media") == [])
    }

    @Test func `stores and deletes neighbours at the same time`() async throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try await withThrowingTaskGroup { group in
            for worker in 0..<4 {
                group.addTask {
                    for round in 0..<25 {
                        let key = Array("deep/er/\(worker)".utf8)
                        let data = [UInt8](repeating: UInt8(round), count: 100 + round)
                        try store.put(key, data)
                        #expect(try store.data(key) == data)
                        #expect(try store.delete(bucket: "media", key: key))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try root.files() == [])
    }
}
