// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// The multipart uploads that are under way: a directory `.uploads/ID` each, with `upload` (`UploadDocument`) and a file
/// for each part, named by its number (`PartTrailer`).
///
/// Such a directory appears, and goes, by one rename from and to the workspace, so here are only whole ones. Whoever
/// ends an upload has its lock alone, and whoever publishes a part shares it: a part comes before the end and belongs
/// to it, or after it and there is no such upload.
final class Uploads: Sendable {
    private static let name = ".uploads"

    private let directory: Descriptor

    init(root: borrowing Descriptor) throws(StoreError) {
        if try root.makeDirectory(Self.name) { try root.sync() }
        directory = try root.directory(Self.name)
    }

    /// Opens the directory of an upload; throws `noSuchUpload`.
    func open(_ id: UploadID) throws(StoreError) -> Descriptor {
        do {
            return try directory.directory(id.text)
        } catch  where error.errno == ENOENT {
            throw Self.missing
        }
    }

    /// Throws `noSuchUpload` if the upload, whose directory was opened, has ended since.
    func requireOpen(_ id: UploadID, _ upload: borrowing Descriptor) throws(StoreError) {
        guard try directory.holds(id.text, upload) else { throw Self.missing }
    }

    /// Opens the directory of an upload and does something under its lock. Throws `noSuchUpload`, also when the upload
    /// ends while this waits.
    func withLock<Result>(
        _ id: UploadID, shared: Bool, _ body: (borrowing Descriptor) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let upload = try open(id)
        try upload.lock(shared: shared)
        try requireOpen(id, upload)
        let result = try body(upload)
        try upload.unlock()
        return result
    }

    /// Removes an upload unless a part was committed since then, or somebody has its lock; whether it did. `look` sees it
    /// before it goes.
    func remove(
        _ id: UploadID, unlessChangedSince time: Int64, to workspace: Workspace, _ look: (borrowing Descriptor) -> Void
    ) throws(StoreError) -> Bool {
        let upload = try open(id)
        // The directory changes with each part.
        guard try upload.tryLock(), try directory.holds(id.text, upload), try upload.status().st_mtim.tv_sec < time
        else { return false }
        look(upload)
        try remove(id, to: workspace)
        try upload.unlock()
        return true
    }

    /// Publishes a directory that was made in the workspace.
    func add(_ id: UploadID, _ name: String, from workspace: Workspace) throws(StoreError) {
        try workspace.publish(name, to: directory, id.text)
        try directory.sync()
    }

    /// Ends an upload whose lock the caller has: it is gone at once, and then its parts are removed.
    func remove(_ id: UploadID, to workspace: Workspace) throws(StoreError) {
        let name = try workspace.takeBack(id.text, from: directory)
        try directory.sync()
        workspace.removeDirectory(name)
    }

    /// All of them, in no order.
    func ids() throws(StoreError) -> [UploadID] {
        try directory.entries().compactMap { UploadID($0) }
    }

    private static var missing: StoreError { StoreError(.noSuchUpload, "opening a multipart upload") }
}
