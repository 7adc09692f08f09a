// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import DirectoryStore
internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// A GetObject or HeadObject on a directory, answered as OSS does. Loop thread only; the file is read on a disk thread.
///
/// A slow reader holds next to nothing: the file goes to a plain socket within the kernel, and what TLS encrypts comes in pieces
/// that its connection has room for, or larger ones as long as readers have not got their part of the budget.
final class DirectoryRead: BodyReceiver {
    /// Sent by one call, which keeps a disk thread from others.
    private static let sentBytes = 1 << 20
    private static let pieceBytes = 64 * 1024
    private static let freePieceBytes = ServerConnection.freeOutputBytes

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
    /// For a large piece, as long as it is on its way.
    private var loan: ReadingLoan?
    private let budget: MemoryBudget

    init(
        incoming: SDKFace.Incoming, store: DirectoryStore, plan: UploadPlan, operation: ClientRequest
    ) {
        connection = incoming.connection
        self.incoming = incoming
        self.store = store
        self.plan = plan
        self.operation = operation
        budget = incoming.runtime.worker.counters.budget
        isHead = operation.operation == .headObject
        queue = incoming.runtime.worker.disk.queue()
        loop = incoming.runtime.worker.loop
    }

    /// Opens the object; the connection keeps this object until the answer is out.
    func start() {
        guard let connection else { return }
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
            status: answer.status, fields: answer.fields, length: bytes.upperBound - bytes.lowerBound,
            countsOutput: false)
        readNext()
    }

    private func readNext() {
        guard let connection, let reader, !isReading, connection.unsentBytes == 0 else { return }
        guard !bytes.isEmpty else {
            self.connection = nil
            return connection.endAnswer()
        }
        isReading = true
        let offset = bytes.lowerBound
        if let socket = connection.lendSocket() {
            let count = Int(min(UInt64(Self.sentBytes), bytes.upperBound - offset))
            return queue.execute { [self, loop] in
                let result = Result { () throws(StoreError) in
                    try reader.send(from: offset, count: count, to: socket.descriptor)
                }
                loop.execute {
                    socket.giveBack()
                    self.sent(result)
                }
            }
        }
        loan = ReadingLoan(budget, bytes: Self.pieceBytes)
        let most = loan == nil ? Self.freePieceBytes : Self.pieceBytes
        let count = Int(min(UInt64(most), bytes.upperBound - offset))
        queue.execute { [self, loop] in
            let piece = try? reader.bytes(at: offset, count: count)
            loop.execute { self.pieceRead(piece) }
        }
    }

    private func sent(_ result: Result<Int?, StoreError>) {
        isReading = false
        guard let connection else { return }
        switch result {
        case .success(let count?):
            bytes = bytes.lowerBound + UInt64(count)..<bytes.upperBound
            readNext()
        case .success(nil): connection.answerBlocked()
        // A file that ends early leaves a truncated answer, which a reset tells.
        case .failure: connection.abort()
        }
    }

    private func pieceRead(_ piece: [UInt8]?) {
        isReading = false
        guard let connection else { return }
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
