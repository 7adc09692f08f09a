// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
import Synchronization
import Testing

/// A directory of its own for one test, removed with the value.
final class TemporaryRoot {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "putback-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Where the store lies; what is beside it is outside.
    var store: String { url.appending(path: "store").path }

    func openStore() throws -> DirectoryStore { try DirectoryStore(root: store) }

    /// Everything below a folder of the store that is no directory, in order.
    func files(below folder: String = "") throws -> [String] {
        let base = URL(filePath: store).appending(path: folder).path
        return try FileManager.default.subpathsOfDirectory(atPath: base).filter { name in
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(base)/\(name)")
            return attributes[.type] as? FileAttributeType != .typeDirectory
        }.sorted()
    }

    /// What is below `.tmp`: one directory for each open store, and unfinished files.
    func leftovers() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: store + "/.tmp")
    }

    /// The directories of multipart uploads.
    func uploads() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: store + "/.uploads").sorted()
    }
}

extension DirectoryStore {
    /// Stores an object in one go.
    @discardableResult
    func put(
        _ key: String, _ data: [UInt8], bucket: String = "media", metadata: ObjectMetadata = ObjectMetadata()
    ) throws -> StoredObject {
        try put(Array(key.utf8), data, bucket: bucket, metadata: metadata)
    }

    @discardableResult
    func put(
        _ key: [UInt8], _ data: [UInt8], bucket: String = "media", metadata: ObjectMetadata = ObjectMetadata()
    ) throws -> StoredObject {
        let pending = try beginPut(bucket: bucket, key: key, metadata: metadata)
        try pending.write(data.span)
        return try pending.commit()
    }

    func create(
        _ key: String, bucket: String = "media", metadata: ObjectMetadata = ObjectMetadata(),
        attributes: [ObjectMetadata.Field] = []
    ) throws -> UploadID {
        try createUpload(bucket: bucket, key: Array(key.utf8), metadata: metadata, attributes: attributes)
    }

    /// Stores a part in one go, in place of an earlier one.
    @discardableResult
    func putPart(_ id: UploadID, _ number: Int, _ data: [UInt8], sha1: Bool = false) throws -> StoredPart {
        let pending = try beginPart(id, number: number, sha1: sha1)
        try pending.write(data.span)
        guard case .stored(let part) = try pending.commit() else { throw UnexpectedResult() }
        return part
    }

    /// Completes an upload with the parts of these numbers.
    @discardableResult
    func complete(_ id: UploadID, _ numbers: [Int], etag: String = "etag") throws -> StoredObject {
        try complete(id, parts: numbers.map { PartChoice(number: $0) }) { _ in etag }
    }

    /// Appends in one go.
    @discardableResult
    func append(
        _ key: String, _ data: [UInt8], at position: UInt64, metadata: ObjectMetadata = ObjectMetadata()
    ) throws -> StoredObject {
        let pending = try beginAppend(bucket: "media", key: Array(key.utf8), metadata: metadata, position: position)
        try pending.write(data.span)
        return try pending.commit()
    }

    func head(_ key: String) throws -> StoredObject? { try head(bucket: "media", key: Array(key.utf8)) }

    /// The data of an object; nil if there is none.
    func data(_ key: String, bucket: String = "media") throws -> [UInt8]? {
        try data(Array(key.utf8), bucket: bucket)
    }

    func data(_ key: [UInt8], bucket: String = "media") throws -> [UInt8]? {
        guard let reader = try open(bucket: bucket, key: key) else { return nil }
        return try reader.bytes(at: 0, count: Int(reader.object.size) + 1)
    }
}

/// The kind of the error that the body throws; nil if it throws none of the store's.
func code(_ body: () throws -> Void) -> StoreError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? StoreError)?.code
    }
}

/// The error that the body throws, if it is one of the store's.
func failure(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StoreError
    }
}

/// Something that one task tells another.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}

/// A store did something else than a test expects.
struct UnexpectedResult: Error {}
