// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import DirectoryStore

/// Multipart uploads and appends when disks fill up and processes are killed.
@Suite struct MultipartCrashTests {
    @Test func `reports a disk that is full while a part is written`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let id = try store.create("key")
        let earlier = try store.putPart(id, 1, [1])
        for writes in [true, false] {
            let part = try store.beginPart(id, number: 1)
            let full = unsafe open("/dev/full", O_WRONLY)
            #expect(dup2(full, part.file.named.descriptor.number) >= 0)
            close(full)
            if writes { #expect(code { try part.write("more".utf8.span) } == .noSpace) }
            #expect(code { _ = try part.commit() } == .noSpace)
        }
        #expect(try store.parts(id).items == [earlier])
        #expect(try root.leftovers().count == 1)
    }

    /// A limit on the size of files stands for a disk that fills up while the parts are copied (setrlimit(2): EFBIG).
    @Test func `can complete an upload again after the disk was full`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .success) { [path = path as String] in
            signal(SIGXFSZ, SIG_IGN)
            let store = try DirectoryStore(root: path)
            let id = try store.create("key")
            for number in [1, 2] { try store.putPart(id, number, [UInt8](repeating: UInt8(number), count: 600_000)) }
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            limit.rlim_cur = 1_000_000
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            #expect(code { try store.complete(id, [1, 2]) } == .noSpace)
            #expect(try store.data("key") == nil)
            limit.rlim_cur = limit.rlim_max
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            #expect(try store.complete(id, [1, 2]).size == 1_200_000)
        }
        #expect(try root.openStore().head("key")?.size == 1_200_000)
        #expect(try root.files() == ["media/=key"])
        #expect(try root.leftovers().isEmpty)
    }

    @Test func `keeps the upload and its finished parts of a killed process`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try DirectoryStore(root: path)
            let id = try store.create("key")
            try store.putPart(id, 1, [1])
            let pending = try [1, 2].map { try store.beginPart(id, number: $0) }
            for part in pending { try part.write([2, 2].span) }
            kill(getpid(), SIGKILL)
        }
        let store = try root.openStore()
        #expect(try root.leftovers().count == 1)
        let id = try #require(try store.uploads(bucket: "media").items.first?.id)
        #expect(try store.parts(id).items.map(\.size) == [1])
        try store.putPart(id, 2, [3])
        try store.complete(id, [1, 2])
        #expect(try store.data("key") == [1, 3])
    }

    /// The ETag is asked for when all parts are copied.
    @Test func `can complete an upload again when the process was killed before the object was there`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        try root.openStore().put("key", [9])
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try DirectoryStore(root: path)
            let id = try store.create("key")
            for number in [1, 2] { try store.putPart(id, number, [UInt8(number)]) }
            _ = try store.complete(id, parts: [PartChoice(number: 1), PartChoice(number: 2)]) { _ in
                kill(getpid(), SIGKILL)
                return ""
            }
        }
        #expect(try root.leftovers().count == 2)
        let store = try root.openStore()
        #expect(try root.leftovers().count == 1)
        #expect(try store.data("key") == [9])
        let id = try #require(try store.uploads(bucket: "media").items.first?.id)
        try store.complete(id, [1, 2])
        #expect(try store.data("key") == [1, 2])
        #expect(try root.uploads() == [])
    }

    /// The moment between the rename of the object and that of the upload, made by putting the upload back.
    @Test func `can complete an upload again when the process was killed with the object just there`() throws {
        let root = try TemporaryRoot()
        let (id, stored) = try { () throws -> (UploadID, StoredObject) in
            let store = try root.openStore()
            let id = try store.create("key")
            try store.putPart(id, 1, [1, 2])
            let place = URL(filePath: root.store).appending(path: ".uploads/\(id.text)")
            try FileManager.default.copyItem(at: place, to: root.url.appending(path: "kept"))
            let stored = try store.complete(id, [1])
            try FileManager.default.moveItem(at: root.url.appending(path: "kept"), to: place)
            return (id, stored)
        }()
        let store = try root.openStore()
        #expect(try store.head("key") == stored)
        #expect(try store.complete(id, [1]).crc64 == stored.crc64)
        #expect(try store.data("key") == [1, 2])
        #expect(try root.files() == ["media/=key"])
    }

    /// An upload that ended and one that was not yet there, in the directory of a process that was killed.
    @Test func `removes what a killed process was making and removing`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try DirectoryStore(root: path)
            let id = try store.create("key")
            for number in [1, 2] { try store.putPart(id, number, [UInt8(number)]) }
            let uploads = try Descriptor.directory(atPath: path + "/.uploads")
            _ = try store.workspace.takeBack(id.text, from: uploads)
            let prepared = try store.workspace.makeDirectory()
            try prepared.descriptor.newFile("upload").write("{".utf8.span)
            kill(getpid(), SIGKILL)
        }
        #expect(try root.leftovers().count == 7)
        let store = try root.openStore()
        #expect(try root.leftovers().count == 1)
        #expect(try store.uploads(bucket: "media").items.isEmpty)
        #expect(try root.files() == [])
    }

    /// Child processes are killed at any moment while they make one object after the other out of parts.
    @Test func `shows whole objects and whole uploads whenever a process is killed`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        for delayMicroseconds in [3_000, 5_000, 8_000, 13_000, 21_000, 34_000] {
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, delayMicroseconds = delayMicroseconds as Int] in
                let store = try DirectoryStore(root: path)
                Self.killLater(delayMicroseconds)
                var version: UInt8 = 0
                while true {
                    version &+= 1
                    let id = try store.create("key/\(version % 3)")
                    for number in [2, 1] {
                        try store.putPart(id, number, [UInt8](repeating: version, count: number * 40_000))
                    }
                    try store.complete(id, [1, 2], etag: "\(version)")
                }
            }
            let store = try root.openStore()
            #expect(try root.leftovers().count == 1)
            let uploads = try store.uploads(bucket: "media").items
            for upload in uploads {
                let numbers = try store.parts(upload.id).items.map(\.number)
                #expect([[], [2], [1, 2]].contains(numbers))
                let whole = numbers.reduce(0) { $0 + $1 * 40_000 }
                #expect(try store.complete(upload.id, numbers).size == UInt64(whole))
                let data = try #require(try store.data(upload.key))
                #expect(data.count == whole && Set(data).count == min(whole, 1))
                #expect(try store.delete(bucket: "media", key: upload.key))
            }
            for key in 0..<3 {
                guard let object = try store.head("key/\(key)") else { continue }
                let version = try #require(UInt8(object.etag))
                #expect(try store.data("key/\(key)") == [UInt8](repeating: version, count: 120_000))
            }
            #expect(try root.files().allSatisfy { $0.hasPrefix("media/key/=") })
        }
    }

    /// Child processes are killed at any moment while they append to one object.
    @Test func `keeps every finished append of a killed process`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        for delayMicroseconds in [3_000, 9_000, 20_000] {
            let before = try root.openStore().head("log")?.size ?? 0
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, delayMicroseconds = delayMicroseconds as Int] in
                let store = try DirectoryStore(root: path)
                var position = try store.head("log")?.size ?? 0
                Self.killLater(delayMicroseconds)
                while true {
                    let chunk = [UInt8](repeating: UInt8(truncatingIfNeeded: position / 1000), count: 1000)
                    position = try store.append("log", chunk, at: position).size
                }
            }
            let store = try root.openStore()
            let size = try store.head("log")?.size ?? 0
            #expect(size >= before && size % 1000 == 0)
            let expected = (0..<size / 1000).flatMap { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1000) }
            #expect(try store.data("log") ?? [] == expected)
            #expect(try root.leftovers().count == 1)
            try store.append("log", [UInt8](repeating: UInt8(truncatingIfNeeded: size / 1000), count: 1000), at: size)
        }
    }

    @Test func `leaves no descriptor open`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .success) { [path = path as String] in
            do {
                let store = try DirectoryStore(root: path)
                #expect(Self.openFiles(below: path).count == 4)
                let ids = try (0..<3).map { try store.create("key/\($0)") }
                for id in ids { try store.putPart(id, 1, [1]) }
                _ = try ids.map { try store.beginPart($0, number: 1).commit(replaces: false) }
                try store.complete(ids[0], [1])
                #expect(code { try store.complete(ids[1], [2]) } == .invalidPart)
                try store.abort(ids[1])
                #expect(code { try store.abort(ids[1]) } == .noSuchUpload)
                #expect(try store.sweepUploads(olderThan: 0) == 0)
                #expect(try store.sweepUploads(olderThan: .max) == 1)
                try store.append("log", [1], at: 0)
                try store.append("log", [1], at: 1)
                #expect(code { try store.append("log", [1], at: 1) } == .positionMismatch)
            }
            #expect(Self.openFiles(below: path) == [])
        }
        #expect(try root.files() == ["media/=log", "media/key/=0"])
        #expect(try root.leftovers() == [] && root.uploads() == [])
    }

    @Test func `traps on a call after a part was stored`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .failure) { [path = path as String] in
            let store = try DirectoryStore(root: path)
            let part = try store.beginPart(try store.create("key"), number: 1)
            guard case .stored = try part.commit(replaces: false) else { exit(0) }
            _ = try? part.commit()
            exit(0)
        }
        #expect(try root.uploads().count == 1)
    }

    /// Others are not looked at: the test runner opens and closes its own.
    private static func openFiles(below path: String) -> [String] {
        (0..<1024).compactMap { number in
            let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return file.flatMap { $0.hasPrefix(path) ? $0 : nil }
        }
    }

    private static func killLater(_ microseconds: Int) {
        var timer = itimerval()
        timer.it_value.tv_usec = microseconds
        unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}
