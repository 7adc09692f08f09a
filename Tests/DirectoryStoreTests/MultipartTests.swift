// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
import Testing

/// Multipart uploads and their parts, before they become objects.
@Suite struct MultipartTests {
    @Test func `keeps an upload and its parts when the store is opened again`() throws {
        let root = try TemporaryRoot()
        let metadata = ObjectMetadata(contentType: "a/b", fields: [.init(name: "x-oss-meta-名", value: "\u{1}\"")])
        let attributes = [ObjectMetadata.Field(name: "blockSize", value: "4194304")]
        let key: [UInt8] = [0x25, 0x2F, 0xFF, 0x2F, 0x0A, 0xE4, 0xB8, 0xAD]
        let before = Int64(Date().timeIntervalSince1970) - 1
        let (id, part): (UploadID, StoredPart)
        do {
            let store = try root.openStore()
            id = try store.createUpload(bucket: "media", key: key, metadata: metadata, attributes: attributes)
            part = try store.putPart(id, 7, [1, 2, 3], sha1: true)
        }
        let store = try root.openStore()
        let upload = try store.upload(try #require(UploadID(id.text)))
        #expect(upload.id == id && upload.bucket == "media" && upload.key == key)
        #expect(upload.metadata == metadata && upload.attributes == attributes)
        #expect((before...before + 60).contains(upload.created))
        #expect(try store.parts(id).items == [part])
        #expect((before...before + 60).contains(part.lastModified) && part.number == 7 && part.size == 3)
        #expect(try store.uploads(bucket: "media").items == [upload])
    }

    @Test func `names uploads with 32 digits, each another one`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let ids = try (0..<10).map { _ in try store.create("same/key") }
        #expect(Set(ids).count == 10)
        for id in ids { #expect(id.text.count == 32 && id.text.allSatisfy { $0.isHexDigit && !$0.isLowercase }) }
        #expect(try root.uploads() == ids.map(\.text).sorted())
        let digits = ids[0].text
        for text in [
            "", "..", String(digits.dropLast()), digits + "0", digits.dropLast() + "g", digits.dropLast() + "/",
        ] {
            #expect(UploadID(text) == nil)
        }
        #expect(UploadID("0123456789abcdef0123456789abcdef") == nil)
    }

    /// MD5 and CRC-64 by the OSS SDK for Python (oss2 2.19.1); the SHA-1s are part ETags of US3 computed with the Python
    /// and Go SDKs, base64 `mEKSavfKCozKEmBPlFQU8HsB4T0=` and `IlljY7PeQLBvmB-4XYIxLowO1RE=`.
    @Test func `knows the digests of a part`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        let plain = try store.putPart(id, 1, Array("hello world".utf8))
        #expect(plain.crc64 == 5_981_764_153_023_615_706 && plain.sha1 == nil)
        #expect(
            plain.md5 == [
                0x5E, 0xB6, 0x3B, 0xBB, 0xE0, 0x1E, 0xEE, 0xD0, 0x93, 0xCB, 0x22, 0xBB, 0x8F, 0x5A, 0xCD, 0xC3,
            ])
        let (one, text) = (
            try store.putPart(id, 2, [3], sha1: true), try store.putPart(id, 3, Array("hello world\n".utf8), sha1: true)
        )
        #expect(one.sha1.map { Data($0).base64EncodedString() } == "mEKSavfKCozKEmBPlFQU8HsB4T0=")
        #expect(text.sha1.map { Data($0).base64EncodedString() } == "IlljY7PeQLBvmB+4XYIxLowO1RE=")
        #expect(try store.parts(id).items == [plain, one, text])
    }

    @Test func `lists parts in the order of their numbers, page by page`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        for number in [10_000, 3, 0, 20, 9] { try store.putPart(id, number, [UInt8](repeating: 1, count: number % 7)) }
        let all = try store.parts(id)
        #expect(all.items.map(\.number) == [0, 3, 9, 20, 10_000] && !all.isTruncated)
        #expect(all.items.map(\.size) == [0, 3, 2, 6, 4])
        let first = try store.parts(id, limit: 2)
        #expect(first.items == Array(all.items[..<2]) && first.isTruncated)
        let middle = try store.parts(id, after: 3, limit: 2)
        #expect(middle.items == Array(all.items[2..<4]) && middle.isTruncated)
        let last = try store.parts(id, after: 20, limit: 1)
        #expect(last.items == [all.items[4]] && !last.isTruncated)
        #expect(try store.parts(id, after: 10_000).items.isEmpty)
        #expect(try store.parts(id, after: 0, limit: 0).isTruncated)
    }

    @Test func `shows nothing of a part before the commit and nothing after an abort`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        let part = try store.beginPart(id, number: 1)
        try part.write("half".utf8.span)
        #expect(part.size == 4)
        #expect(try store.parts(id).items.isEmpty)
        #expect(try root.leftovers().count == 2)
        part.abort()
        part.abort()
        do {
            let dropped = try store.beginPart(id, number: 1)
            try dropped.write("half".utf8.span)
        }
        #expect(try root.leftovers().count == 1)
        #expect(try root.files() == [".uploads/\(id.text)/upload"])
    }

    @Test func `replaces a part by a later one`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        let (first, second) = (try store.beginPart(id, number: 1), try store.beginPart(id, number: 1))
        try second.write("second".utf8.span)
        try first.write("first".utf8.span)
        _ = try second.commit()
        #expect(try store.parts(id).items.map(\.size) == [6])
        _ = try first.commit()
        #expect(try store.parts(id).items.map(\.size) == [5])
        try store.complete(id, [1])
        #expect(try store.data("key") == Array("first".utf8))
    }

    @Test func `keeps an earlier part that may not be replaced and says which it is`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        let pending = try store.beginPart(id, number: 0, sha1: true)
        try pending.write("first".utf8.span)
        let result = try pending.commit(replaces: false)
        let first = try #require(try store.parts(id).items.first)
        #expect(result == .stored(first))
        for abandons in [true, false] {
            let late = try store.beginPart(id, number: 0, sha1: true)
            try late.write("later".utf8.span)
            guard case .exists(first, let written) = try late.commit(replaces: false) else { throw UnexpectedResult() }
            #expect(written.size == 5 && written.md5 != first.md5 && written.number == 0)
            #expect(try store.parts(id).items == [first])
            if abandons {
                late.abort()
                #expect(try store.parts(id).items == [first])
            } else {
                #expect(try late.commit() == .stored(written))
                #expect(try store.parts(id).items == [written])
            }
            #expect(try root.leftovers().count == 1)
        }
        try store.complete(id, [0])
        #expect(try store.data("key") == Array("later".utf8))
    }

    @Test func `stores no part, object or append that has another MD5 than expected`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        let right = try store.putPart(id, 1, Array("data".utf8)).md5
        let wrong = [UInt8](repeating: 0, count: 16)
        for (expected, stays) in [(wrong, StoreError.Code.digestMismatch), (right, nil)] {
            let part = try store.beginPart(id, number: 2)
            try part.write("data".utf8.span)
            #expect(code { _ = try part.commit(md5: expected) } == stays)
            let object = try store.beginPut(bucket: "media", key: [65], metadata: ObjectMetadata())
            try object.write("data".utf8.span)
            #expect(code { _ = try object.commit(md5: expected) } == stays)
            let append = try store.beginAppend(bucket: "media", key: [66], metadata: ObjectMetadata(), position: 0)
            try append.write("data".utf8.span)
            #expect(code { _ = try append.commit(md5: expected) } == stays)
            let isStored = stays == nil
            #expect(try store.parts(id).items.count == (isStored ? 2 : 1))
            #expect(try (store.data("A") != nil) == isStored && (store.data("B") != nil) == isStored)
            #expect(try root.leftovers().count == 1)
        }
    }

    @Test func `refuses what no upload or part can be`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        #expect(code { _ = try store.create("key", bucket: "Media") } == .invalidBucket)
        #expect(code { _ = try store.create("key", bucket: ".uploads") } == .invalidBucket)
        #expect(code { _ = try store.create("a/../b") } == .invalidKey)
        let half = ObjectMetadata.Field(name: "", value: String(repeating: "\u{1}", count: (64 << 10) - 8))
        let more = ObjectMetadata.Field(name: "a", value: half.value)
        #expect(
            code { _ = try store.create("key", metadata: .init(fields: [half]), attributes: [more]) }
                == .metadataTooLarge)
        let id = try store.create("key", metadata: .init(fields: [half]), attributes: [half])
        #expect(try store.upload(id).attributes == [half])
        for number in [-1, 10_000_000] {
            let error = failure { _ = try store.beginPart(id, number: number) }
            #expect(error?.code == .invalidPart && error?.partNumber == number)
        }
        #expect(try root.uploads() == [id.text])
        #expect(try root.leftovers().count == 1)
    }

    @Test func `knows no upload that was aborted, completed or never begun`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let (aborted, completed) = (try store.create("a"), try store.create("c"))
        let pending = try [aborted, completed].map { try store.beginPart($0, number: 2) }
        for id in [aborted, completed] { try store.putPart(id, 1, [1]) }
        try store.abort(aborted)
        try store.complete(completed, [1])
        let never = try #require(UploadID(String(repeating: "0", count: 32)))
        for id in [aborted, completed, never] {
            #expect(code { _ = try store.upload(id) } == .noSuchUpload)
            #expect(code { _ = try store.parts(id) } == .noSuchUpload)
            #expect(code { _ = try store.beginPart(id, number: 1) } == .noSuchUpload)
            #expect(code { try store.complete(id, [1]) } == .noSuchUpload)
            #expect(code { try store.abort(id) } == .noSuchUpload)
        }
        for part in pending {
            try part.write("late".utf8.span)
            #expect(code { _ = try part.commit() } == .noSuchUpload)
        }
        #expect(try root.files() == ["media/=c"])
        #expect(try root.uploads() == [] && root.leftovers().count == 1)
    }
}
