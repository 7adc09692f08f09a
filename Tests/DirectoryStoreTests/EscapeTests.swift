// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
import Glibc
import Testing

/// What others put into the root never leads out of it, and broken files are never given out.
@Suite struct EscapeTests {
    @Test func `does not follow links that someone planted`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("real/key", [1])
        let outside = root.url.appending(path: "outside").path
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: false)
        try Data("secret".utf8).write(to: URL(filePath: outside + "/=key"))
        for (link, key) in [("media/link", "link/key"), ("other", "key")] {
            try FileManager.default.createSymbolicLink(atPath: root.store + "/" + link, withDestinationPath: outside)
            let bucket = link.hasPrefix("media") ? "media" : "other"
            let bytes = Array(key.utf8)
            #expect(code { try store.put(bytes, [1], bucket: bucket) } == .foreignEntry)
            #expect(code { _ = try store.head(bucket: bucket, key: bytes) } == .foreignEntry)
            #expect(code { _ = try store.open(bucket: bucket, key: bytes) } == .foreignEntry)
            #expect(code { _ = try store.delete(bucket: bucket, key: bytes) } == .foreignEntry)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["=key"])
        #expect(try Data(contentsOf: URL(filePath: outside + "/=key")) == Data("secret".utf8))
        #expect(try root.leftovers().count == 1)
    }

    @Test func `replaces a link in the place of an object and leaves its target alone`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("real", [1])
        let outside = root.url.appending(path: "outside").path
        try Data("secret".utf8).write(to: URL(filePath: outside))
        try FileManager.default.createSymbolicLink(
            atPath: root.store + "/media/=link", withDestinationPath: outside)
        #expect(code { _ = try store.head(bucket: "media", key: Array("link".utf8)) } == .foreignEntry)
        try store.put("link", [2])
        #expect(try store.data("link") == [2])
        #expect(try Data(contentsOf: URL(filePath: outside)) == Data("secret".utf8))
    }

    @Test func `does not keep its unfinished files behind a link`() throws {
        let root = try TemporaryRoot()
        let outside = root.url.appending(path: "outside").path
        for path in [outside, root.store] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        try FileManager.default.createSymbolicLink(atPath: root.store + "/.tmp", withDestinationPath: outside)
        #expect(code { _ = try root.openStore() } == .foreignEntry)
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == [])
    }

    @Test func `refuses pipes, directories and strange files in the place of an object`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("real", [1])
        let made = unsafe mkfifo(root.store + "/media/=pipe", 0o600)
        #expect(made == 0)
        #expect(code { _ = try store.open(bucket: "media", key: Array("pipe".utf8)) } == .foreignEntry)
        try FileManager.default.createDirectory(
            atPath: root.store + "/media/=folder", withIntermediateDirectories: false)
        #expect(code { _ = try store.open(bucket: "media", key: Array("folder".utf8)) } == .foreignEntry)
        #expect(code { try store.put("folder", [1]) } == .foreignEntry)
        for content in ["", "short", String(repeating: "x", count: 1000)] {
            try Data(content.utf8).write(to: URL(filePath: root.store + "/media/=strange"))
            #expect(code { _ = try store.head(bucket: "media", key: Array("strange".utf8)) } == .damaged)
        }
        try Data("x".utf8).write(to: URL(filePath: root.store + "/media/file"))
        #expect(code { try store.put("file/key", [1]) } == .foreignEntry)
        #expect(try root.leftovers().count == 1)
    }

    @Test func `notices every changed byte of what stands behind the data`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let stored = try store.put("key", [1, 2, 3], metadata: ObjectMetadata(contentType: "a/b"))
        let url = URL(filePath: root.store + "/media/=key")
        let file = try Data(contentsOf: url)
        for index in 3..<file.count {
            var changed = file
            changed[index] ^= 1
            try changed.write(to: url)
            #expect(code { _ = try store.head(bucket: "media", key: Array("key".utf8)) } == .damaged, "\(index)")
        }
        for count in 0..<file.count {
            try file.prefix(count).write(to: url)
            #expect(code { _ = try store.head(bucket: "media", key: Array("key".utf8)) } == .damaged, "\(count)")
        }
        try file.write(to: url)
        #expect(try store.head(bucket: "media", key: Array("key".utf8)) == stored)
    }

    @Test func `says so when a file becomes shorter under a reader`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("key", [UInt8](repeating: 1, count: 1000))
        let reader = try #require(try store.open(bucket: "media", key: Array("key".utf8)))
        let shortened = unsafe truncate(root.store + "/media/=key", 10)
        #expect(shortened == 0)
        #expect(code { _ = try reader.bytes(at: 0, count: 1000) } == .damaged)
    }

    @Test func `opens no store where the root cannot be`() throws {
        let root = try TemporaryRoot()
        let file = root.url.appending(path: "file").path
        try Data().write(to: URL(filePath: file))
        #expect(code { _ = try DirectoryStore(root: file) } == .foreignEntry)
        #expect(code { _ = try DirectoryStore(root: root.url.path + "/not/there") } == .system)
    }
}
