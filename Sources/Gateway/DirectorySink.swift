// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import DirectoryStore
internal import Eventing
internal import Octets

/// A directory as the place where an upload goes. Loop thread only; the file work runs on a disk thread.
///
/// Bytes are copied once to cross the threads; at most ``window`` bytes are on their way.
final class DirectorySink: UploadSink {
    /// Bytes that may wait for the disk before the client is slowed down.
    private static let window = 256 * 1024

    private let loop: EventLoop
    private let queue: DiskQueue
    private let writer: DirectoryWriter
    /// Weak: an aborted upload does not wait for the disk.
    private weak var handler: (any UploadSinkHandler)?
    private var waiting = 0
    /// One count, of what waits in all sinks of the loop.
    private let buffered: LoopCounters
    private var isPaused = false
    private var isOver = false

    /// Begins the object; a refusal comes by `sinkFailed`.
    init(
        store: DirectoryStore, target: DirectoryTarget, loop: EventLoop, queue: DiskQueue, buffered: LoopCounters,
        handler: any UploadSinkHandler
    ) {
        self.buffered = buffered
        self.loop = loop
        self.queue = queue
        self.handler = handler
        writer = DirectoryWriter(store: store, target: target)
        perform { $0.begin() }
    }

    func send(_ bytes: Span<UInt8>) -> Bool {
        guard !isOver else { return true }
        var copy: [UInt8] = []
        copy.append(bytes)
        let count = copy.count
        waiting += count
        buffered.add(count)
        perform({ [copy] in $0.write(copy) }, after: { $0.wrote(count) })
        isPaused = waiting >= Self.window
        return !isPaused
    }

    func finish() {
        guard !isOver else { return }
        queue.execute { [writer, loop, self] in
            let verdict = writer.commit()
            loop.execute { self.committed(verdict) }
        }
    }

    func recycle() {}

    func abort() {
        guard !isOver else { return }
        isOver = true
        queue.execute { [writer] in writer.abort() }
    }

    /// Runs file work and then, on the loop, looks whether it went well.
    private func perform(
        _ work: @escaping @Sendable (DirectoryWriter) -> Failure?,
        after: @escaping @Sendable (DirectorySink) -> Void = { _ in }
    ) {
        queue.execute { [writer, loop, self] in
            let failure = work(writer)
            loop.execute {
                after(self)
                if let failure { self.failed(failure) }
            }
        }
    }

    private func wrote(_ count: Int) {
        waiting -= count
        buffered.add(-count)
        guard isPaused, waiting <= Self.window / 2, !isOver else { return }
        isPaused = false
        handler?.sinkWritable()
    }

    private func failed(_ failure: Failure) {
        guard !isOver else { return }
        abort()
        handler?.sinkDecided(.refused(failure, relay: nil))
    }

    private func committed(_ verdict: StoreVerdict) {
        // An abort in between came too late to undo the commit; nobody is told either way.
        guard !isOver else { return }
        isOver = true
        handler?.sinkDecided(verdict)
    }
}

// Confined to its loop; crosses to the disk thread only as the address to which results are posted back.
extension DirectorySink: @unchecked Sendable {}

/// What is to be written.
struct DirectoryTarget: Sendable {
    var bucket: String
    var key: [UInt8]
    var metadata: ObjectMetadata
    /// What the body's MD5 must be, where the client says.
    var contentMD5: [UInt8]?
    /// Whether an object of that name stays and the upload is refused.
    var forbidsOverwrite = false
}

/// The file side of a ``DirectorySink``. Used on one disk thread only, which its `DiskQueue` guarantees.
private final class DirectoryWriter: @unchecked Sendable {
    private let store: DirectoryStore
    private let target: DirectoryTarget
    private var pending: PendingObject?
    private var digest: MD5Box?

    init(store: DirectoryStore, target: DirectoryTarget) {
        self.store = store
        self.target = target
    }

    func begin() -> Failure? {
        attempt { () throws(StoreError) in
            if target.forbidsOverwrite, try store.head(bucket: target.bucket, key: target.key) != nil {
                return .objectExists
            }
            pending = try store.beginPut(bucket: target.bucket, key: target.key, metadata: target.metadata)
            if target.contentMD5 != nil { digest = MD5Box() }
            return nil
        }
    }

    func write(_ bytes: [UInt8]) -> Failure? {
        attempt { () throws(StoreError) in
            digest?.update(bytes.span)
            try pending?.write(bytes.span)
            return nil
        }
    }

    func commit() -> StoreVerdict {
        guard let pending else { return .refused(.diskFailed("The object was not begun."), relay: nil) }
        if let digest, let expected = target.contentMD5, digest.finish() != expected {
            abort()
            return .refused(.badDigest("The body's MD5 is not the one that Content-MD5 says."), relay: nil)
        }
        self.pending = nil
        do {
            let object = try pending.commit()
            let facts = StoredObjectFacts(
                size: object.size, etag: Array(object.etag.utf8)[...], crc64: object.crc64,
                contentMD5: object.contentMD5)
            return .stored(facts, callback: .notAsked, relay: nil)
        } catch {
            // A sync that failed after the rename leaves an object that can be seen but may not last.
            return error.code == .inputOutput ? .unknown(Failure(error)) : .refused(Failure(error), relay: nil)
        }
    }

    func abort() {
        pending?.abort()
        pending = nil
    }

    private func attempt(_ work: () throws(StoreError) -> Failure?) -> Failure? {
        do throws(StoreError) { return try work() } catch { return Failure(error) }
    }
}

/// Holds a running MD5, which cannot be copied, in an optional.
private final class MD5Box {
    private var digest: MD5? = MD5()

    func update(_ bytes: Span<UInt8>) { digest?.update(bytes) }

    func finish() -> [UInt8] { digest.take()?.finalize() ?? [] }
}

extension Failure {
    static var objectExists: Failure {
        Failure(
            .objectExists, party: .client, phase: .storing, status: 409,
            "An object of this name exists and may not be overwritten.")
    }

    static func badDigest(_ message: String) -> Failure {
        Failure(.badDigest, party: .client, phase: .judging, status: 400, message)
    }

    static func diskFailed(_ message: String) -> Failure {
        Failure(.diskFailed, party: .store, phase: .storing, status: 502, message)
    }

    /// What a directory store's error means for a client.
    init(_ error: StoreError) {
        switch error.code {
        case .invalidKey, .invalidBucket:
            self.init(
                .badKey, party: .client, phase: .planning, status: 400, "The store cannot hold an object of this name.")
        case .noSpace:
            self.init(
                .diskFull, party: .store, phase: .storing, status: 507, "The store has no room left.")
        default:
            self = .diskFailed("The store cannot write the object.")
        }
    }
}
