// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import DirectoryStore
import Foundation
import Testing

/// Objects that grow.
@Suite struct AppendTests {
    /// The last checksum is TOS's of `hello tos`, computed with the TOS SDK for Python (tos 2.9.3).
    @Test func `makes an object and appends to it`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let metadata = ObjectMetadata(contentType: "a/b")
        let first = try store.append("log/1", Array("hello ".utf8), at: 0, metadata: metadata)
        #expect(first.size == 6 && first.crc64 == CRC64.checksum("hello ".utf8.span) && first.isAppendable)
        let reader = try #require(try store.open(bucket: "media", key: Array("log/1".utf8)))
        let empty = try store.append("log/1", [], at: 6, metadata: ObjectMetadata(contentType: "not/this"))
        #expect(empty.crc64 == first.crc64 && empty.etag == first.etag)
        let last = try root.openStore().append("log/1", Array("tos".utf8), at: 6)
        #expect(last.crc64 == 16_138_994_716_692_134_961 && last.size == 9)
        #expect(last.metadata == metadata && last.md5 == nil && last.contentMD5 == nil)
        #expect(last.etag == "0000000000000009DFF93A2FD0573C31" && last.etag != first.etag)
        #expect(try store.head("log/1") == last)
        #expect(try store.data("log/1") == Array("hello tos".utf8))
        #expect(try reader.bytes(at: 0, count: 100) == Array("hello ".utf8))
        #expect(try root.files() == ["media/log/=1"])
        #expect(try root.leftovers().count == 1)
    }

    @Test func `keeps the ETag that the caller gives`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let append = try store.beginAppend(bucket: "media", key: [65], metadata: ObjectMetadata(), position: 0)
        let put = try store.beginPut(bucket: "media", key: [66], metadata: ObjectMetadata())
        let (appended, stored) = (try append.commit(etag: "mine"), try put.commit(etag: "AAAAANo5o-5ea0sN"))
        #expect(appended.etag == "mine" && stored.etag == "AAAAANo5o-5ea0sN" && stored.md5?.count == 16)
        #expect(try store.head("A") == appended && store.head("B") == stored)
    }

    @Test func `appends at the end only and says where that is`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.append("key", [1, 2, 3], at: 0)
        for (key, position, length) in [("key", 0, 3), ("key", 2, 3), ("key", 4, 3), ("none", 1, 0)]
            as [(String, UInt64, UInt64)]
        {
            let error = failure { try store.append(key, [4], at: position) }
            #expect(error?.code == .positionMismatch && error?.currentLength == length)
        }
        #expect(code { try store.append("a/..", [4], at: 0) } == .invalidKey)
        let large = ObjectMetadata(contentType: String(repeating: "a", count: 129 << 10))
        #expect(code { try store.append("large", [4], at: 0, metadata: large) } == .metadataTooLarge)
        #expect(try store.data("key") == [1, 2, 3] && root.leftovers().count == 1)
    }

    @Test func `does not append to an object that was made in another way`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("put", [])
        let id = try store.create("parts")
        try store.complete(id, [])
        try store.append("replaced", [1], at: 0)
        try store.put("replaced", [1])
        for key in ["put", "parts", "replaced"] {
            for position in [0, 1] as [UInt64] {
                #expect(code { try store.append(key, [2], at: position) } == .notAppendable)
            }
        }
        #expect(try store.delete(bucket: "media", key: Array("put".utf8)))
        try store.append("put", [5], at: 0)
        #expect(try store.data("put") == [5])
    }

    @Test func `shows nothing before the commit and nothing after an abort`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let first = try store.append("key", [1], at: 0)
        let pending = try store.beginAppend(
            bucket: "media", key: Array("key".utf8), metadata: ObjectMetadata(), position: 1)
        try pending.write([2, 3].span)
        #expect(pending.size == 3)
        #expect(try store.head("key") == first)
        pending.abort()
        #expect(try store.data("key") == [1] && root.leftovers().count == 1)
    }

    @Test func `refuses an append to an object that has changed since it began`() throws {
        let changes: [(change: (DirectoryStore) throws -> Void, code: StoreError.Code, length: UInt64?)] = [
            ({ try $0.append("key", [7], at: 1) }, .positionMismatch, 2),
            ({ try $0.put("key", [7]) }, .notAppendable, nil),
            ({ _ = try $0.delete(bucket: "media", key: Array("key".utf8)) }, .positionMismatch, 0),
            (
                {
                    _ = try $0.delete(bucket: "media", key: Array("key".utf8))
                    try $0.append("key", [7], at: 0)
                }, .positionMismatch, 1
            ),
        ]
        for (change, code, length) in changes {
            let root = try TemporaryRoot()
            let store = try root.openStore()
            try store.append("key", [1], at: 0)
            let late = try store.beginAppend(
                bucket: "media", key: Array("key".utf8), metadata: ObjectMetadata(), position: 1)
            try late.write([2].span)
            try change(store)
            let after = try store.data("key")
            let error = failure { _ = try late.commit() }
            #expect(error?.code == code && error?.currentLength == length)
            #expect(try store.data("key") == after && root.leftovers().count == 1)
        }
    }

    @Test func `begins one object where two begin it`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let pending = try (1...2).map { value in
            let pending = try store.beginAppend(
                bucket: "media", key: Array("new/key".utf8), metadata: ObjectMetadata(), position: 0)
            try pending.write([UInt8](repeating: UInt8(value), count: value).span)
            return pending
        }
        _ = try pending[1].commit()
        let error = failure { _ = try pending[0].commit() }
        #expect(error?.code == .positionMismatch && error?.currentLength == 2)
        #expect(try store.data("new/key") == [2, 2])
    }
}
