// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// Multipart uploads: begun here, they last until they are completed, aborted or swept, whatever happens to the process.
extension DirectoryStore {
    /// Part numbers that can be; OSS and TOS have 1…10000, US3 counts from 0.
    package static let partNumbers = 0...9_999_999

    /// Begins a multipart upload; several of one key are fine.
    ///
    /// Throws what `validate` does, and `metadataTooLarge` if metadata and attributes have more than 128 KiB together.
    /// - Parameter attributes: what the caller wants to find again in `upload`.
    package func createUpload(
        bucket: String, key: [UInt8], metadata: ObjectMetadata, attributes: [ObjectMetadata.Field] = []
    ) throws(StoreError) -> UploadID {
        try validate(bucket: bucket, key: key)
        guard metadata.bytes + ObjectMetadata.bytes(of: attributes) <= ObjectTrailer.maximumMetadataBytes else {
            throw StoreError(.metadataTooLarge, "beginning a multipart upload")
        }
        let id = UploadID()
        let prepared = try workspace.makeDirectory()
        do {
            let file = try prepared.descriptor.newFile(UploadDocument.fileName)
            let upload = StoredUpload(
                id: id, bucket: bucket, key: key, metadata: metadata, attributes: attributes,
                created: Int64(try file.status().st_mtim.tv_sec))
            try file.write(UploadDocument.encode(upload).span)
            try file.sync()
            try prepared.descriptor.sync()
            try uploads.add(id, prepared.name, from: workspace)
        } catch {
            workspace.removeDirectory(prepared.name)
            throw error
        }
        return id
    }

    /// What was said when the upload began. Throws `noSuchUpload`; whether it is of the bucket and key that a client
    /// says is the caller's to compare.
    package func upload(_ id: UploadID) throws(StoreError) -> StoredUpload {
        try upload(id, in: try uploads.open(id))
    }

    /// Begins a part; nothing shows until it is committed. Several of one number are fine.
    ///
    /// Throws `noSuchUpload`, `invalidPart` for a number beyond `partNumbers`, and what making a file may.
    /// - Parameter sha1: whether to compute the SHA-1 as well, which only US3 asks for and which takes its time.
    package func beginPart(_ id: UploadID, number: Int, sha1: Bool = false) throws(StoreError) -> PendingPart {
        guard Self.partNumbers.contains(number) else {
            throw StoreError(.invalidPart, "beginning a part", partNumber: number)
        }
        _ = try uploads.open(id)
        return try PendingPart(self, id: id, number: number, sha1: sha1)
    }

    /// The parts of an upload in order of their numbers, beginning behind one. Throws `noSuchUpload`.
    package func parts(
        _ id: UploadID, after number: Int? = nil, limit: Int = 1000
    ) throws(StoreError) -> Page<StoredPart> {
        let directory = try uploads.open(id)
        do {
            let numbers = try directory.entries().compactMap(Self.partNumber)
            let page = Page(numbers.filter { $0 > number ?? -1 }.sorted(), limit: limit)
            var parts: [StoredPart] = []
            for number in page.items {
                if let part = try part(number, in: directory) { parts.append(part) }
            }
            // Parts go only with their upload, so these are all of them if it is still there.
            try uploads.requireOpen(id, directory)
            return Page(items: parts, isTruncated: page.isTruncated)
        } catch  where error.errno == ENOENT {
            try uploads.requireOpen(id, directory)
            throw error
        }
    }

    private static func partNumber(_ name: String) -> Int? {
        guard let number = Int(name), String(number) == name, partNumbers.contains(number) else { return nil }
        return number
    }

    /// The uploads of a bucket in order of their keys, byte by byte, and of one key in order of their ids.
    ///
    /// Reads what was said of every upload of the store. One whose file cannot be read is left out.
    /// - Parameters:
    ///   - afterKey: begins behind this key; nil begins at the start.
    ///   - afterID: with `afterKey`: begins behind this upload of that key, so that later ones of the key are listed.
    package func uploads(
        bucket: String, prefix: [UInt8] = [], afterKey: [UInt8]? = nil, afterID: String? = nil, limit: Int = 1000
    ) throws(StoreError) -> Page<StoredUpload> {
        var found: [StoredUpload] = []
        for id in try uploads.ids() {
            do {
                let upload = try upload(id)
                guard upload.bucket == bucket, upload.key.starts(with: prefix) else { continue }
                if let afterKey, !upload.isBehind(afterKey, afterID) { continue }
                found.append(upload)
            } catch  where [.noSuchUpload, .damaged, .foreignEntry].contains(error.code) {
                continue
            }
        }
        return Page(found.sorted { $1.isBehind($0.key, $0.id.text) }, limit: limit)
    }

    /// Drops an upload with its parts, also those that are still being written: their commits find no upload. Waits
    /// while the upload is being completed. Throws `noSuchUpload`.
    package func abort(_ id: UploadID) throws(StoreError) {
        try uploads.withLock(id, shared: false) { (_: borrowing Descriptor) throws(StoreError) in
            try uploads.remove(id, to: workspace)
        }
    }

    /// Drops uploads that nobody goes on with: no part was committed since. Returns how many they were.
    /// - Parameters:
    ///   - time: Unix seconds.
    ///   - dropped: is told of each, with what was said when it began unless that cannot be read; false ends the sweep.
    package func sweepUploads(
        olderThan time: Int64, dropped: (UploadID, StoredUpload?) -> Bool = { _, _ in true }
    ) throws(StoreError) -> Int {
        var removed = 0
        for id in try uploads.ids() {
            do {
                var upload: StoredUpload?
                let isRemoved = try uploads.remove(id, unlessChangedSince: time, to: workspace) {
                    (directory: borrowing Descriptor) in
                    upload = try? self.upload(id, in: directory)
                }
                guard isRemoved else { continue }
                removed += 1
                if !dropped(id, upload) { break }
            } catch  where [.noSuchUpload, .foreignEntry].contains(error.code) {
                continue
            }
        }
        return removed
    }

    func upload(_ id: UploadID, in directory: borrowing Descriptor) throws(StoreError) -> StoredUpload {
        do {
            return try UploadDocument.read(id, in: directory)
        } catch  where error.errno == ENOENT {
            throw StoreError(.noSuchUpload, "opening a multipart upload")
        }
    }

    /// A part without its data; nil if there is none.
    func part(_ number: Int, in directory: borrowing Descriptor) throws(StoreError) -> StoredPart? {
        do {
            return try PartTrailer.part(number, try Trailer.read(try directory.file(String(number))))
        } catch  where error.errno == ENOENT {
            return nil
        }
    }

    /// Moves a finished part to its place and syncs it.
    func publish(
        _ file: PendingFile, _ part: StoredPart, of id: UploadID, replaces: Bool
    ) throws(StoreError) -> PartCommit {
        let name = String(part.number)
        return try uploads.withLock(id, shared: true) {
            (directory: borrowing Descriptor) throws(StoreError) -> PartCommit in
            if replaces {
                try workspace.publish(file.name, to: directory, name)
            } else if try !workspace.publishNew(file.name, to: directory, name) {
                guard let first = try self.part(part.number, in: directory) else {
                    throw StoreError(.damaged, "publishing a part")
                }
                return .exists(first, written: part)
            }
            file.published()
            try directory.sync()
            return .stored(part)
        }
    }
}

extension StoredUpload {
    /// Whether it comes after a key, or after an upload of that key, in the order of the list.
    fileprivate func isBehind(_ other: [UInt8], _ otherID: String?) -> Bool {
        if key == other { return otherID.map { $0.utf8.lexicographicallyPrecedes(id.text.utf8) } ?? false }
        return other.lexicographicallyPrecedes(key)
    }
}
