// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import DirectoryStore
import Foundation
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
