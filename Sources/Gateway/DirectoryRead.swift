// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import DirectoryStore
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// A GetObject or HeadObject on a directory, answered as OSS does. Loop thread only; the file is read on a disk thread.
final class DirectoryRead: BodyReceiver {
    private static let pieceBytes: UInt64 = 256 * 1024

    /// nil once the client is gone or was told.
    private var connection: ServerConnection?
    private let incoming: SDKFace.Incoming
    private let store: DirectoryStore
    private let plan: UploadPlan
    private let operation: ClientRequest
    private let isHead: Bool
    private let queue: DiskQueue
    private let loop: EventLoop
    private var reader: ObjectReader?
    private var bytes: Range<UInt64> = 0..<0
    private var isReading = false
    /// For one piece, from the beginning of the answer to its end.
    private let loan: MemoryLoan

    init(
        incoming: SDKFace.Incoming, store: DirectoryStore, plan: UploadPlan, operation: ClientRequest
    ) {
        connection = incoming.connection
        self.incoming = incoming
        self.store = store
        self.plan = plan
        self.operation = operation
        loan = MemoryLoan(incoming.runtime.worker.counters.budget)
        isHead = operation.operation == .headObject
        queue = incoming.runtime.worker.disk.queue()
        loop = incoming.runtime.worker.loop
    }

    /// Opens the object; the connection keeps this object until the answer is out.
    func start() {
        guard isHead || loan.resize(to: Int(Self.pieceBytes)), let connection else {
            return refuse(incoming.dialect.error(Failure.overloaded))
        }
        connection.receiver = self
        connection.attachment = self
        queue.execute { [self, store, loop, bucket = plan.bucket, key = Array(plan.key)] in
            let result: Result<ObjectReader?, StoreError>
            do throws(StoreError) {
                result = .success(try store.open(bucket: bucket, key: key))
            } catch {
                result = .failure(error)
            }
            loop.execute { self.opened(result) }
        }
    }

    func bodyReceived(_ bytes: Span<UInt8>) {}
    func bodyCompleted() {}
    func clientFailed(_ failure: ClientFailure) { connection = nil }
    func answerDrained() { readNext() }

    private func refuse(_ error: VendorError) {
        guard let connection = connection.take() else { return }
        connection.receiver = nil
        SDKFace.send(
            incoming.dialect.answer(error, toHead: isHead, SDKFace.context(incoming)), on: connection)
    }

    private func opened(_ result: Result<ObjectReader?, StoreError>) {
        guard let connection else { return }
        let reader: ObjectReader
        switch result {
        case .success(let found?):
            reader = found
        case .success(nil):
            var error = incoming.dialect.error(.noSuchKey)
            error.details.append(("Key", String(decoding: plan.key, as: UTF8.self)))
            return refuse(error)
        case .failure:
            return refuse(incoming.dialect.error(.internalError))
        }
        self.reader = reader
        let context = SDKFace.context(incoming)
        let (answer, bytes) = incoming.dialect.object(ObjectFacts(reader.object), to: operation, context)
        self.bytes = bytes
        guard !isHead, answer.body.isEmpty else {
            self.connection = nil
            connection.receiver = nil
            guard isHead else { return SDKFace.send(answer, on: connection) }
            connection.startAnswer(status: answer.status, fields: answer.fields, length: reader.object.size)
            return connection.endAnswer()
        }
        connection.startAnswer(
            status: answer.status, fields: answer.fields, length: bytes.upperBound - bytes.lowerBound)
        readNext()
    }

    private func readNext() {
        guard let connection, let reader, !isReading, connection.unsentBytes == 0 else { return }
        guard !bytes.isEmpty else {
            self.connection = nil
            return connection.endAnswer()
        }
        isReading = true
        let (offset, count) = (bytes.lowerBound, min(Self.pieceBytes, bytes.upperBound - bytes.lowerBound))
        queue.execute { [self, loop] in
            let piece = try? reader.bytes(at: offset, count: Int(count))
            loop.execute { self.pieceRead(piece) }
        }
    }

    private func pieceRead(_ piece: [UInt8]?) {
        isReading = false
        guard let connection else { return }
        // A file that ends early leaves a truncated answer, which a reset tells.
        guard let piece, !piece.isEmpty else { return connection.abort() }
        bytes = bytes.lowerBound + UInt64(piece.count)..<bytes.upperBound
        if connection.writeAnswer(piece.span) { readNext() }
    }
}

// Confined to its loop; crosses to the disk thread only as the address to which results are posted back.
extension DirectoryRead: @unchecked Sendable {}

extension ObjectFacts {
    /// What a file in a directory store says of its object.
    init(_ object: StoredObject) {
        var kept = HeaderFields()
        // Whoever can write the files can write anything into them.
        for field in object.metadata.fields
        where HeaderFields.isToken(field.name.utf8.span) && HeaderFields.isValidValue(field.value.utf8.span) {
            kept.append(name: field.name, field.value)
        }
        let type = object.metadata.contentType.flatMap { HeaderFields.isValidValue($0.utf8.span) ? $0 : nil }
        self.init(
            size: object.size, etag: object.etag, contentMD5: object.md5, crc64: object.crc64,
            lastModified: object.lastModified, contentType: type ?? "application/octet-stream",
            kept: kept)
    }
}
