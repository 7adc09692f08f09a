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

    init(incoming: SDKFace.Incoming, client: ClientRequest, plan: UploadPlan, store: DirectoryStore) {
        connection = incoming.connection
        self.incoming = incoming
        work = DirectoryWork(
            client: client, dialect: incoming.name, target: DirectoryTarget(plan), store: store)
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
    let store: DirectoryStore

    func perform() -> Result<DialectResult, Refusal> {
        do throws(StoreError) { return try result() } catch { return .failure(Failure(error).refusal()) }
    }

    private func result() throws(StoreError) -> Result<DialectResult, Refusal> {
        switch client.operation {
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
            return .success(.parts(try parts(id, options)))
        case .listUploads(let options):
            return .success(.uploads(try uploads(options)))
        case .deleteObject:
            return .success(.deleted(existed: try store.delete(bucket: target.bucket, key: target.key)))
        default:
            preconditionFailure("not a control operation")
        }
    }

    private func parts(_ id: UploadID, _ options: ListOptions) throws(StoreError) -> PartListing {
        let after = options.marker.isEmpty ? nil : UInt64(decimal: options.marker.span).map { Int(clamping: $0) }
        let page = try store.parts(id, after: after, limit: max(0, min(options.limit ?? 1000, 1000)))
        let parts = page.items.map { part in
            PartFacts(
                number: part.number, size: part.size, etag: DirectoryParts.etag(part, dialect), crc64: part.crc64,
                contentMD5: part.md5, lastModified: part.lastModified)
        }
        var listing = PartListing(parts: parts, isTruncated: page.isTruncated, storageClass: nil)
        listing.key = try store.upload(id).key
        return listing
    }

    /// Keys with the delimiter behind the prefix come once, as their common beginning.
    private func uploads(_ options: ListOptions) throws(StoreError) -> UploadListing {
        let page = try store.uploads(
            bucket: target.bucket, prefix: options.prefix,
            afterKey: options.marker.isEmpty ? nil : options.marker,
            afterID: options.uploadIDMarker.isEmpty ? nil : String(decoding: options.uploadIDMarker, as: UTF8.self),
            limit: max(0, min(options.limit ?? 1000, 1000)))
        var listing = UploadListing(uploads: [], isTruncated: page.isTruncated)
        for upload in page.items {
            let rest = upload.key.dropFirst(options.prefix.count)
            if !options.delimiter.isEmpty, let range = rest.firstRange(of: options.delimiter) {
                let prefix = Array(upload.key[..<range.upperBound])
                if listing.commonPrefixes.last != prefix { listing.commonPrefixes.append(prefix) }
            } else {
                listing.uploads.append(
                    UploadListing.Upload(
                        key: upload.key, uploadID: Array(upload.id.text.utf8), initiated: upload.created))
            }
        }
        return listing
    }
}
