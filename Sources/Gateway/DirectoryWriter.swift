// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import DirectoryStore
internal import Eventing
internal import HTTPWire
internal import Octets

/// What is to be written.
struct DirectoryTarget: Sendable {
    /// What the body is.
    enum Kind: Sendable {
        case object
        case append(position: UInt64)
        case part(uploadID: [UInt8], number: Int)
        /// The list of parts of which the object is to be made.
        case completion(uploadID: [UInt8], head: RequestHead)
    }

    var kind: Kind
    var bucket: String
    var key: [UInt8]
    var metadata: ObjectMetadata
    /// Whose client it comes from; nil for a plain one.
    var dialect: DialectName?
    /// What the body's MD5 must be, where the client says.
    var contentMD5: [UInt8]?
    /// Whether an object of that name stays and the upload is refused.
    var forbidsOverwrite: Bool
}

extension DirectoryTarget {
    init(_ plan: UploadPlan) {
        let dialect = plan.clientDialect
        var fields = HeaderFields()
        if dialect != nil {
            fields = plan.objectFields
        } else {
            OSSFieldPolicy.copy(plan.objectFields, from: .plain, to: &fields)
        }
        for index in plan.routeFields.indices {
            let (name, value) = (plan.routeFields.name(at: index), plan.routeFields.value(at: index))
            fields.set(name: name.span, value: value.span)
        }
        let kept = (dialect ?? .oss).dialect.keptFields(fields)
        let metadata = ObjectMetadata(
            contentType: plan.mimeType,
            fields: kept.indices.map { index in
                ObjectMetadata.Field(
                    name: String(decoding: kept.name(at: index), as: UTF8.self),
                    value: String(decoding: kept.value(at: index), as: UTF8.self))
            })
        let kind: Kind =
            switch plan.operation {
            case .appendObject(let position): .append(position: position)
            case .putPart(let id, let number): .part(uploadID: id, number: number)
            case .completeUpload(let id): .completion(uploadID: id, head: plan.request.head)
            default: .object
            }
        self.init(
            kind: kind, bucket: plan.bucket, key: Array(plan.key), metadata: metadata, dialect: dialect,
            contentMD5: plan.contentMD5, forbidsOverwrite: plan.forbidsOverwrite)
    }
}

/// The file side of a ``DirectorySink``. Used on one disk thread only, which its `DiskQueue` guarantees.
final class DirectoryWriter: @unchecked Sendable {
    private enum Pending {
        case object(PendingObject)
        case append(PendingAppend)
        case part(PendingPart)
        case completion(UploadID)
    }

    private let store: DirectoryStore
    private let target: DirectoryTarget
    private var pending: Pending?
    private var etag: US3BodyDigest?
    /// Of a completion, which is read when it is whole.
    private var document: [UInt8] = []
    /// The most that it may have: ten thousand parts, each of them named at length.
    private static let documentBytes = 4 << 20
    private var room: MemoryRoom

    init(store: DirectoryStore, target: DirectoryTarget, room: MemoryRoom) {
        self.room = room
        self.store = store
        self.target = target
    }

    func begin() -> Failure? {
        attempt { () throws(StoreError) in
            switch target.kind {
            case .object:
                if target.forbidsOverwrite, try store.head(bucket: target.bucket, key: target.key) != nil {
                    return .objectExists
                }
                pending = .object(
                    try store.beginPut(bucket: target.bucket, key: target.key, metadata: target.metadata))
                if target.dialect == .us3 { etag = US3BodyDigest(isPart: false) }
            case .append(let position):
                pending = .append(
                    try store.beginAppend(
                        bucket: target.bucket, key: target.key, metadata: target.metadata, position: position))
            case .part(let text, let number):
                guard let id = try DirectoryParts.id(text, target, store) else { return .noSuchUpload }
                pending = .part(try store.beginPart(id, number: number, sha1: target.dialect == .us3))
            case .completion(let text, _):
                guard let id = try DirectoryParts.id(text, target, store) else { return .noSuchUpload }
                pending = .completion(id)
            }
            return nil
        }
    }

    func write(_ bytes: [UInt8]) -> Failure? {
        attempt { () throws(StoreError) in
            switch pending {
            case .object(let object):
                etag?.update(bytes.span)
                try object.write(bytes.span)
            case .append(let append): try append.write(bytes.span)
            case .part(let part): try part.write(bytes.span)
            case .completion:
                guard document.count + bytes.count <= Self.documentBytes else {
                    return .tooLarge(UInt64(Self.documentBytes))
                }
                guard room.mayHold(document.count + bytes.count) else { return .overloaded }
                document += bytes
            case nil: break
            }
            return nil
        }
    }

    func commit() -> StoreVerdict {
        guard let pending else { return .refused(.diskFailed("The object was not begun."), relay: nil) }
        self.pending = nil
        do throws(CommitError) {
            return .stored(try commit(pending), callback: .notAsked, relay: nil)
        } catch {
            switch error {
            case .refused(let failure): return .refused(failure, relay: nil)
            // A sync that failed after the rename leaves an object that can be seen but may not last.
            case .store(let error) where error.code == .inputOutput: return .unknown(Failure(error))
            case .store(let error): return .refused(Failure(error), relay: nil)
            }
        }
    }

    func abort() {
        switch pending {
        case .object(let object): object.abort()
        case .append(let append): append.abort()
        case .part(let part): part.abort()
        case .completion, nil: break
        }
        pending = nil
    }

    private enum CommitError: Error {
        case store(StoreError)
        case refused(Failure)
    }

    private func commit(_ pending: Pending) throws(CommitError) -> StoredObjectFacts {
        switch pending {
        case .object(let object):
            return try stored { () throws(StoreError) in
                StoredObjectFacts(
                    try object.commit(
                        etag: etag?.finish(), md5: target.contentMD5, replaces: !target.forbidsOverwrite))
            }
        case .append(let append):
            return try stored { () throws(StoreError) in
                StoredObjectFacts(try append.commit(md5: target.contentMD5))
            }
        case .part(let part): return try commit(part)
        case .completion(let id): return try complete(id)
        }
    }

    private func commit(_ part: PendingPart) throws(CommitError) -> StoredObjectFacts {
        let dialect = target.dialect ?? .oss
        let commit = try stored { () throws(StoreError) in
            try part.commit(md5: target.contentMD5, replaces: dialect != .us3)
        }
        switch commit {
        case .stored(let part):
            return StoredObjectFacts(
                size: part.size, etag: Array(DirectoryParts.etag(part, dialect).utf8)[...], crc64: part.crc64,
                contentMD5: Base64.encode(part.md5.span))
        case .exists:
            part.abort()
            throw .refused(.badPart(.partExists))
        }
    }

    private func complete(_ id: UploadID) throws(CommitError) -> StoredObjectFacts {
        guard let name = target.dialect, case .completion(_, let head) = target.kind else {
            preconditionFailure("only vendors' clients complete uploads")
        }
        let document = self.document
        let completion: Completion
        do throws(VendorError) { completion = try name.dialect.readCompletion(document.span, head) } catch {
            throw .refused(
                .badPart(.vendor(status: error.status, code: error.code, message: error.message, ec: error.ec)))
        }
        let listed = try stored { () throws(StoreError) in
            try store.parts(id, after: nil, limit: name.dialect.traits.mostParts).items
        }
        let choices = try choices(completion, listed, name)
        try checkSizes(choices, listed, name.dialect.traits)
        return try stored { () throws(StoreError) in
            StoredObjectFacts(
                try store.complete(id, parts: choices, replaces: !target.forbidsOverwrite) {
                    DirectoryParts.etag($0, name)
                })
        }
    }

    private func choices(
        _ completion: Completion, _ listed: [StoredPart], _ name: DialectName
    ) throws(CommitError) -> [PartChoice] {
        if completion.takesAll { return listed.map { PartChoice(number: $0.number) } }
        var choices: [PartChoice] = []
        for part in completion.parts {
            guard let check = DirectoryParts.check(part.etag, name) else {
                throw .refused(.badPart(.invalidPart("The ETag of part \(part.number) is not one that was given.")))
            }
            choices.append(PartChoice(number: part.number, check: check))
        }
        guard !choices.isEmpty else { throw .refused(.badPart(.invalidPart("There are no parts."))) }
        return choices
    }

    /// The vendors look at sizes only now (OSS, TOS: least size; US3: exactly the block size).
    private func checkSizes(
        _ choices: [PartChoice], _ listed: [StoredPart], _ traits: StoreTraits
    ) throws(CommitError) {
        let sizes = Dictionary(listed.map { ($0.number, $0.size) }) { first, _ in first }
        for choice in choices where sizes[choice.number] == nil {
            throw .refused(.badPart(.invalidPart("Part \(choice.number) is not there.")))
        }
        for choice in choices.dropLast() {
            guard let size = sizes[choice.number] else { continue }
            let minimum = traits.smallestPartBytes
            if traits.hasFixedParts ? size != minimum : size < minimum {
                throw .refused(.badPart(.tooSmall(minimum: minimum)))
            }
        }
    }

    private func stored<Value>(_ work: () throws(StoreError) -> Value) throws(CommitError) -> Value {
        do throws(StoreError) { return try work() } catch { throw .store(error) }
    }

    private func attempt(_ work: () throws(StoreError) -> Failure?) -> Failure? {
        do throws(StoreError) { return try work() } catch { return Failure(error) }
    }
}

extension StoredObjectFacts {
    convenience init(_ object: StoredObject) {
        self.init(
            size: object.size, etag: Array(object.etag.utf8)[...], crc64: object.crc64, contentMD5: object.contentMD5,
            contentType: object.metadata.contentType)
    }
}
