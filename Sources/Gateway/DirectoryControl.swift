// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import DirectoryStore
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// A request that moves no data, performed on a directory and answered as the client's vendor does. Loop thread only; the
/// file work runs on a disk thread.
final class DirectoryControl: BodyReceiver {
    /// nil once the client is gone or was told.
    private var connection: ServerConnection?
    private let incoming: SDKFace.Incoming
    private let work: DirectoryWork
    private var isBegun = false

    init(incoming: SDKFace.Incoming, client: ClientRequest, plan: UploadPlan, keyLead: [UInt8]?, store: DirectoryStore)
    {
        connection = incoming.connection
        self.incoming = incoming
        work = DirectoryWork(
            client: client, dialect: incoming.name, target: DirectoryTarget(plan), keyLead: keyLead, store: store)
    }

    /// Takes the request's body, which is empty; the connection keeps this object until the answer is out.
    func start() {
        connection?.receiver = self
        connection?.attachment = self
        connection?.startBody()
        if incoming.connection.request.framing != .chunked, work.client.contentLength ?? 0 == 0 { begin() }
    }

    func bodyReceived(_ bytes: Span<UInt8>) {
        finish(.failure(.badRequest("This operation takes no body.")))
    }

    func bodyCompleted() { begin() }
    func clientFailed(_ failure: ClientFailure) { connection = nil }
    func answerDrained() {}

    private func begin() {
        guard !isBegun, connection != nil else { return }
        isBegun = true
        let loop = incoming.runtime.worker.loop
        incoming.runtime.worker.disk.queue().execute { [self, work] in
            let result = work.perform()
            loop.execute { self.finish(result) }
        }
    }

    private func finish(_ result: Result<DialectResult, Refusal>) {
        guard let connection else { return }
        self.connection = nil
        connection.receiver = nil
        let (dialect, context) = (incoming.dialect, SDKFace.context(incoming))
        let answer =
            switch result {
            case .success(let result): dialect.answer(result, to: work.client, context)
            case .failure(let refusal): dialect.answer(dialect.error(refusal), toHead: false, context)
            }
        SDKFace.send(answer, on: connection)
    }
}

// Confined to its loop; crosses to the disk thread only as the address to which results are posted back.
extension DirectoryControl: @unchecked Sendable {}

/// What is to be done on the disk thread.
private struct DirectoryWork: Sendable {
    let client: ClientRequest
    let dialect: DialectName
    let target: DirectoryTarget
    /// What the store's keys have in front of the client's own, of a request that does not name its keys; nil where nobody
    /// can tell.
    let keyLead: [UInt8]?
    let store: DirectoryStore

    func perform() -> Result<DialectResult, Refusal> {
        do throws(StoreError) { return try result() } catch { return .failure(Failure(error).refusal()) }
    }

    private func result() throws(StoreError) -> Result<DialectResult, Refusal> {
        switch client.operation.behind(keyLead ?? []) {
        case .createUpload:
            let id = try store.createUpload(bucket: target.bucket, key: target.key, metadata: target.metadata)
            let traits = dialect.dialect.traits
            let partBytes = traits.hasFixedParts ? traits.smallestPartBytes : nil
            return .success(.created(CreatedUpload(uploadID: Array(id.text.utf8), partBytes: partBytes)))
        case .abortUpload(let text):
            guard let id = try DirectoryParts.id(text, target, store) else { return .failure(.noSuchUpload) }
            try store.abort(id)
            return .success(.aborted)
        case .listParts(let text, let options):
            guard let id = try DirectoryParts.id(text, target, store) else { return .failure(.noSuchUpload) }
            return try parts(id, options).map { .success(.parts($0)) } ?? .failure(.noSuchUpload)
        case .listUploads(let options):
            return .success(.uploads(try uploads(options).withoutLead(keyLead ?? [])))
        case .deleteObject:
            return .success(.deleted(existed: try store.delete(bucket: target.bucket, key: target.key)))
        default:
            preconditionFailure("not a control operation")
        }
    }

    /// nil: the upload is none of this route's.
    private func parts(_ id: UploadID, _ options: ListOptions) throws(StoreError) -> PartListing? {
        let after = options.marker.isEmpty ? nil : UInt64(decimal: options.marker.span).map { Int(clamping: $0) }
        let page = try store.parts(id, after: after, limit: max(0, min(options.limit ?? 1000, 1000)))
        let parts = page.items.map { part in
            PartFacts(
                number: part.number, size: part.size, etag: DirectoryParts.etag(part, dialect), crc64: part.crc64,
                contentMD5: part.md5, lastModified: part.lastModified)
        }
        var listing = PartListing(parts: parts, isTruncated: page.isTruncated, storageClass: nil)
        let upload = try store.upload(id)
        listing.storageClass = upload.storageClass
        guard client.key.isEmpty, let keyLead else { return listing }
        let key = upload.key
        guard key.starts(with: keyLead) else { return nil }
        listing.key = Array(key.dropFirst(keyLead.count))
        return listing
    }

    /// Keys with the delimiter behind the prefix come once, as their common beginning, and count as one entry.
    private func uploads(_ options: ListOptions) throws(StoreError) -> UploadListing {
        let limit = max(0, min(options.limit ?? 1000, 1000))
        var listing = UploadListing(uploads: [], isTruncated: false)
        // A list that goes on behind a common beginning has told all that begin so.
        var told = commonPrefix(of: options.marker, options).flatMap { $0 == options.marker ? $0 : nil }
        var (key, id) = (options.marker, options.uploadIDMarker)
        while true {
            let page = try store.uploads(
                bucket: target.bucket, prefix: options.prefix, afterKey: key.isEmpty ? nil : key,
                afterID: id.isEmpty ? nil : String(decoding: id, as: UTF8.self), limit: 1000)
            for upload in page.items {
                if let told, upload.key.starts(with: told) { continue }
                guard listing.uploads.count + listing.commonPrefixes.count < limit else {
                    listing.isTruncated = true
                    return listing
                }
                if let prefix = commonPrefix(of: upload.key, options) {
                    told = prefix
                    listing.commonPrefixes.append(prefix)
                } else {
                    listing.uploads.append(
                        UploadListing.Upload(
                            key: upload.key, uploadID: Array(upload.id.text.utf8), initiated: upload.created,
                            storageClass: upload.storageClass))
                }
            }
            guard page.isTruncated, let last = page.items.last else { return listing }
            (key, id) = (last.key, Array(last.id.text.utf8))
        }
    }

    /// A key up to the delimiter behind the prefix; nil if it has none.
    private func commonPrefix(of key: [UInt8], _ options: ListOptions) -> [UInt8]? {
        guard !options.delimiter.isEmpty, key.starts(with: options.prefix),
            let range = key.dropFirst(options.prefix.count).firstRange(of: options.delimiter)
        else { return nil }
        return Array(key[..<range.upperBound])
    }
}

extension StoredUpload {
    /// What its object will be; nil: nobody said.
    fileprivate var storageClass: String? { metadata.fields.first { Self.names.contains($0.name.lowercased()) }?.value }

    private static let names: Set<String> = ["x-oss-storage-class", "x-tos-storage-class", "x-ufile-storage-class"]
}
