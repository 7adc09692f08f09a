// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import DirectoryStore
internal import Eventing
internal import Octets
internal import Settings

/// An upload in parts that Putback began at a store, as it is noted.
struct MultipartNote: Sendable, Equatable {
    var store: String
    var bucket: String
    var key: [UInt8]
    var uploadID: [UInt8]

    /// As JSON; what need not be text is in base64.
    var bytes: [UInt8] {
        let members: [(key: String, value: JSON)] = [
            ("store", .string(store)), ("bucket", .string(bucket)), ("key", .string(Base64.encode(key.span))),
            ("uploadId", .string(Base64.encode(uploadID.span))),
        ]
        return Array(JSON.object(members).text.utf8)
    }
}

extension MultipartNote {
    /// Reads a note; nil for one that was not finished when its process died.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes.span), let store = json["store"]?.stringValue,
            let bucket = json["bucket"]?.stringValue,
            let key = (json["key"]?.stringValue).flatMap({ Base64.decode($0.utf8.span) }),
            let uploadID = (json["uploadId"]?.stringValue).flatMap({ Base64.decode($0.utf8.span) })
        else { return nil }
        self.init(store: store, bucket: bucket, key: key, uploadID: uploadID)
    }
}

/// The uploads in parts that Putback makes, noted where a crash does not reach them (`state.path`). Any thread; the file
/// work runs on a disk thread.
final class MultipartNotes: Sendable {
    private let book: NoteBook
    private let queue: DiskQueue
    private let log: Log

    init(path: String, queue: DiskQueue, log: Log) throws(EventError) {
        do throws(StoreError) { book = try NoteBook(path: path) } catch {
            throw EventError(operation: "state \(path)", reason: error.description)
        }
        self.queue = queue
        self.log = log
    }

    /// Writes a note; `completion` is told its name on `loop`. One that cannot be written is logged, and the upload goes on:
    /// it needs the note only if this process dies.
    func write(_ note: MultipartNote, loop: EventLoop, completion: @escaping @Sendable (String?) -> Void) {
        queue.execute { [self] in
            var name: String?
            do throws(StoreError) { name = try book.write(note.bytes.span) } catch {
                log.event("note-failed", level: .error) { $0.add("error", error.description) }
            }
            loop.execute { [name] in completion(name) }
        }
    }

    /// The upload is no more.
    func remove(_ name: String) {
        queue.execute { [self] in
            // A note too many leads to the abort of an upload that is not there.
            try? book.remove(name)
        }
    }

    /// Aborts, at their stores, the uploads that dead processes left; a worker's, told once at the start.
    func abortLeftovers(on worker: Worker) {
        queue.execute { [self] in
            do throws(StoreError) {
                for (name, bytes) in try book.adopt() {
                    guard let note = MultipartNote(bytes) else {
                        remove(name)
                        continue
                    }
                    worker.loop.execute { self.abort(note, name, worker) }
                }
            } catch {
                log.event("notes-unreadable", level: .error) { $0.add("error", error.description) }
            }
        }
    }

    /// Loop thread only.
    private func abort(_ note: MultipartNote, _ name: String, _ worker: Worker) {
        guard let runtime = worker.runtime,
            let index = runtime.settings.stores.firstIndex(where: { $0.name == note.store }),
            let remote = runtime.remote(index)
        else {
            // Its store may be back at a later start.
            return tell("no such store", note)
        }
        MultipartAbort.start(
            remote: remote, bucket: note.bucket, key: note.key, uploadID: note.uploadID,
            now: { [clock = worker.environment.clock] in clock.seconds }
        ) { [self] isGone in
            if isGone { remove(name) }
            tell(isGone ? "aborted" : "failed", note)
        }
    }

    private func tell(_ result: String, _ note: MultipartNote) {
        log.event("leftover-upload", level: result == "aborted" ? .info : .warning) { line in
            line.add("result", result)
            line.add("store", note.store)
            line.add("bucket", note.bucket)
            line.add("key", bytes: note.key.span)
            line.add("uploadId", bytes: note.uploadID.span)
        }
    }
}
