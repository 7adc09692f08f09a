// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
import Testing

/// Lists of uploads, and uploads that nobody goes on with.
@Suite struct UploadListTests {
    @Test func `lists the uploads of a bucket by key and id, page by page`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        var ids: [String: [UploadID]] = [:]
        for key in ["b", "a/2", "a/1", "a", "ä", "a/1", "b", "a/1"] {
            ids[key, default: []].append(try store.create(key))
        }
        _ = try store.create("a/1", bucket: "other")
        let raw = try store.createUpload(bucket: "media", key: [0xFF], metadata: ObjectMetadata())
        let expected =
            ["a", "a/1", "a/2", "b", "ä"].flatMap { key in (ids[key] ?? []).sorted { $0.text < $1.text } } + [raw]
        let all = try store.uploads(bucket: "media")
        #expect(all.items.map(\.id) == expected && !all.isTruncated && all.items.count == 9)
        #expect(try store.uploads(bucket: "nothere").items.isEmpty)

        let prefixed = try store.uploads(bucket: "media", prefix: Array("a/".utf8), limit: 3)
        #expect(prefixed.items == Array(all.items[1...3]) && prefixed.isTruncated)
        let behindKey = try store.uploads(bucket: "media", afterKey: Array("a/1".utf8))
        #expect(behindKey.items == Array(all.items[4...]))
        let behindID = try store.uploads(bucket: "media", afterKey: Array("a/1".utf8), afterID: all.items[2].id.text)
        #expect(behindID.items == Array(all.items[3...]))

        var walked: [StoredUpload] = []
        var page = try store.uploads(bucket: "media", limit: 2)
        walked += page.items
        while page.isTruncated, let last = page.items.last {
            page = try store.uploads(bucket: "media", afterKey: last.key, afterID: last.id.text, limit: 2)
            walked += page.items
        }
        #expect(walked == all.items)
    }

    @Test func `lists and sweeps around what it did not make`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let (good, broken) = (try store.create("good"), try store.create("broken"))
        let place = root.store + "/.uploads/"
        try Data("{}".utf8).write(to: URL(filePath: place + broken.text + "/upload"))
        try Data().write(to: URL(filePath: place + "stray"))
        try Data().write(to: URL(filePath: place + String(repeating: "A", count: 32)))
        try FileManager.default.createDirectory(
            atPath: place + String(repeating: "B", count: 32), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: place + String(repeating: "C", count: 32), withDestinationPath: root.store + "/media")
        try Data().write(to: URL(filePath: place + good.text + "/01"))
        try Data().write(to: URL(filePath: place + good.text + "/x"))
        #expect(try store.uploads(bucket: "media").items.map(\.id) == [good])
        #expect(try store.parts(good).items.isEmpty)
        #expect(code { _ = try store.upload(broken) } == .damaged)
        #expect(try store.sweepUploads(olderThan: .max) == 3)
        #expect(try root.uploads() == [String(repeating: "A", count: 32), String(repeating: "C", count: 32), "stray"])
        #expect(try root.leftovers().count == 1)
    }

    @Test func `sweeps the uploads that nobody goes on with`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let (old, recent, revived) = (try store.create("old"), try store.create("recent"), try store.create("revived"))
        for id in [old, revived] { try store.putPart(id, 1, [1, 2]) }
        let pending = try store.beginPart(old, number: 2)
        for id in [old, revived] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000)],
                ofItemAtPath: root.store + "/.uploads/" + id.text)
        }
        try store.putPart(revived, 2, [3])
        #expect(try store.sweepUploads(olderThan: 1_000_000) == 0)
        #expect(try store.sweepUploads(olderThan: 1_000_001) == 1)
        #expect(try root.uploads() == [recent, revived].map(\.text).sorted())
        #expect(code { _ = try pending.commit() } == .noSuchUpload)
        #expect(try store.complete(revived, [1, 2]).size == 3)
        #expect(try root.leftovers().count == 1)
    }

    @Test func `does not keep its uploads behind a link`() throws {
        let root = try TemporaryRoot()
        let outside = root.url.appending(path: "outside").path
        for path in [outside, root.store] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        try FileManager.default.createSymbolicLink(atPath: root.store + "/.uploads", withDestinationPath: outside)
        #expect(code { _ = try root.openStore() } == .foreignEntry)
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == [])
    }
}
