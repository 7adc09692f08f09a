// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import DirectoryStore

/// Full disks, failing writes, killed processes.
@Suite struct CrashTests {
    /// Writing to `/dev/full` answers ENOSPC (full(4)); the descriptor of the upload is pointed there.
    @Test func `reports a full disk, goes on reporting it and leaves the old object`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        try store.put("key", [1])
        let pending = try store.beginPut(bucket: "media", key: Array("key".utf8), metadata: ObjectMetadata())
        try pending.write("some".utf8.span)
        try fillDisk(of: pending)
        #expect(code { try pending.write("more".utf8.span) } == .noSpace)
        #expect(code { try pending.write("more".utf8.span) } == .noSpace)
        #expect(code { _ = try pending.commit() } == .noSpace)
        pending.abort()
        #expect(try store.data("key") == [1])
        #expect(try root.leftovers().count == 1)
    }

    @Test func `reports a disk that is full only when the object is finished`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let pending = try store.beginPut(bucket: "media", key: Array("key".utf8), metadata: ObjectMetadata())
        try fillDisk(of: pending)
        #expect(code { _ = try pending.commit() } == .noSpace)
        #expect(try store.data("key") == nil)
        #expect(try root.leftovers().count == 1)
    }

    @Test(
        arguments: [
            (ENOSPC, .noSpace), (EFBIG, .noSpace), (EDQUOT, .quotaExceeded), (EIO, .inputOutput),
            (EMFILE, .tooManyFiles),
            (ENFILE, .tooManyFiles), (EROFS, .permission), (EACCES, .permission), (EPERM, .permission),
            (ELOOP, .foreignEntry), (ENOTDIR, .foreignEntry), (EINVAL, .system),
        ] as [(Int32, StoreError.Code)])
    func `names the refusal of the system`(errno: Int32, code: StoreError.Code) {
        let error = StoreError("writing", errno: errno)
        #expect(error.code == code && error.errno == errno)
        #expect(error.description == "writing: \(code.rawValue) (errno \(errno))")
    }

    @Test func `leaves the unfinished files of another open store alone`() throws {
        let root = try TemporaryRoot()
        let first = try root.openStore()
        let pending = try first.beginPut(bucket: "media", key: [65], metadata: ObjectMetadata())
        try pending.write("data".utf8.span)
        let second = try root.openStore()
        #expect(try second.data("A") == nil)
        #expect(try root.leftovers().count == 3)
        _ = try pending.commit()
        #expect(try second.data("A") == Array("data".utf8))
    }

    @Test func `removes its directory for unfinished files when it is closed`() throws {
        let root = try TemporaryRoot()
        do {
            let store = try root.openStore()
            try store.put("key", [1])
        }
        #expect(try root.leftovers() == [])
    }

    /// A child process stores one object, begins to replace it and to make another one, and is killed.
    @Test func `keeps finished objects and drops unfinished ones of a killed process`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try DirectoryStore(root: path)
            try store.put("finished", [1, 2, 3])
            let data = [UInt8](repeating: 9, count: 100_000)
            var pending: [PendingObject] = []
            for key in ["finished", "a/new/one"] {
                let object = try store.beginPut(bucket: "media", key: Array(key.utf8), metadata: ObjectMetadata())
                try object.write(data.span)
                pending.append(object)
            }
            kill(getpid(), SIGKILL)
        }
        #expect(try root.leftovers().count == 3)
        let store = try root.openStore()
        #expect(try root.leftovers().count == 1)
        #expect(try store.data("finished") == [1, 2, 3])
        #expect(try store.data("a/new/one") == nil)
        #expect(try root.files() == ["media/=finished"])
    }

    /// Child processes are killed at any moment while they overwrite one object again and again.
    @Test func `shows a whole object whenever a writer is killed`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        try root.openStore().put("key", [UInt8](repeating: 0, count: 1))
        for delayMicroseconds in [2_000, 7_000, 23_000] {
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, delayMicroseconds = delayMicroseconds as Int] in
                let store = try DirectoryStore(root: path)
                var timer = itimerval()
                timer.it_value.tv_usec = delayMicroseconds
                unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
                var version: UInt8 = 0
                while true {
                    version &+= 1
                    try store.put("key", [UInt8](repeating: version, count: Int(version) * 997 + 1))
                }
            }
            let data = try #require(try root.openStore().data("key"))
            let version = try #require(data.first)
            #expect(data == [UInt8](repeating: version, count: Int(version) * 997 + 1))
            #expect(try root.files() == ["media/=key"])
        }
    }

    @Test func `traps on a call after the commit`() async throws {
        let root = try TemporaryRoot()
        let path = root.store
        await #expect(processExitsWith: .failure) { [path = path as String] in
            let store = try DirectoryStore(root: path)
            let pending = try store.beginPut(bucket: "media", key: [65], metadata: ObjectMetadata())
            _ = try pending.commit()
            try pending.write("x".utf8.span)
        }
        #expect(try root.openStore().data("A") == [])
    }

    private func fillDisk(of pending: PendingObject) throws {
        let full = unsafe open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        #expect(dup2(full, pending.file.named.descriptor.number) >= 0)
        close(full)
    }
}
