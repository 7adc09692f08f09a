// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
import Testing

/// What files look like, because other versions of Putback read them.
@Suite struct FormatTests {
    /// A file that Putback wrote, at commit 25028bc, for a PUT of `hello world` with two header fields.
    private static let first = """
        aGVsbG8gd29ybGQKeyJjb250ZW50VHlwZSI6InRleHQvcGxhaW4iLCJmaWVsZHMiOltbIkNhY2hlLUNvbnRyb2wiLCJuby1jYWNoZSJdXSwibWQ1\
        IjoiNWViNjNiYmJlMDFlZWVkMDkzY2IyMmJiOGY1YWNkYzMiLCJjcmM2NCI6NTk4MTc2NDE1MzAyMzYxNTcwNiwibGFzdE1vZGlmaWVkIjoxNzk1\
        NTgzNzY0fVBVVEJBQ0sxAAAAAAAAAAsAAAAAAAAApEpd9SBuFFLQ
        """

    @Test func `reads the objects of the first version`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("other", [])
        let file = try #require(Data(base64Encoded: Self.first))
        try file.write(to: URL(filePath: root.store + "/media/=hello.txt"))
        let object = try #require(try store.head("hello.txt"))
        #expect(object.size == 11 && object.etag == "5EB63BBBE01EEED093CB22BB8F5ACDC3" && !object.isAppendable)
        #expect(object.contentMD5 == "XrY7u+Ae7tCTyyK7j1rNww==" && object.crc64 == 5_981_764_153_023_615_706)
        #expect(object.lastModified == 1_795_583_764 && object.metadata.contentType == "text/plain")
        #expect(object.metadata.fields == [.init(name: "Cache-Control", value: "no-cache")])
        #expect(try store.data("hello.txt") == Array("hello world".utf8))
        #expect(code { try store.append("hello.txt", [1], at: 11) } == .notAppendable)
    }

    @Test func `writes objects that the first version can say all of as it did`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let metadata = ObjectMetadata(
            contentType: "text/plain", fields: [.init(name: "Cache-Control", value: "no-cache")])
        let stored = try store.put("hello.txt", Array("hello world".utf8), metadata: metadata)
        let file = try Data(contentsOf: URL(filePath: root.store + "/media/=hello.txt"))
        let first = try #require(Data(base64Encoded: Self.first))
        // All but the time and the checksum that covers it.
        let text = String(decoding: first.dropLast(8), as: UTF8.self)
        let time = String(stored.lastModified)
        #expect(String(decoding: file.dropLast(8), as: UTF8.self) == text.replacing("1795583764", with: time))
    }

    @Test func `marks objects that the first version would give out wrongly`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let put = try store.beginPut(bucket: "media", key: Array("etag".utf8), metadata: ObjectMetadata())
        _ = try put.commit(etag: "mine")
        try store.complete(try store.create("parts"), [])
        try store.append("appended", [], at: 0)
        for name in ["etag", "parts", "appended"] {
            let file = try Data(contentsOf: URL(filePath: root.store + "/media/=\(name)"))
            #expect(Array(file.suffix(32).prefix(8)) == Array("PUTBACK2".utf8))
        }
    }
}
