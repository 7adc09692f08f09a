// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// A form on its way: takes it apart as it comes and sends one file after the other through an ``Upload`` of its own, whose
/// source it is. Loop thread only.
///
/// Nothing of a file is held. While the upload of a file that is complete comes to its end, what the same read brought of
/// the next ones waits here and the rest in the kernel. Held by its connection, and by the upload that is under way.
final class FormUpload: BodyReceiver, UploadSource {
    private enum Step {
        /// Between files; fields are gathered. → opening, over
        case between
        /// The header of a file was read, and nothing of its bytes. → passing, skipping, finishing, between, over
        case opening(FormPart)
        /// Its bytes go to its upload. → finishing, skipping, over
        case passing(Upload)
        /// Its bytes are dropped. → between, over
        case skipping
        /// All of them were passed on; the upload is not over. → between, over
        case finishing(Upload)
        /// The client is told, or is gone.
        case over
    }

    let runtime: Runtime
    /// nil once the client is gone or was told.
    private(set) var connection: ServerConnection?
    /// The fields before the file that is read, in order.
    private(set) var fields: [QueryItems.Item] = []
    /// Why the body is no acceptable form.
    private(set) var error: FormError?
    private let face: any FormFace
    private var decoder: FormDecoder
    private var step = Step.between
    /// Bytes of later parts; those before `pendingStart` were read.
    private var pending: [UInt8] = []
    private var pendingStart = 0
    private var room: MemoryRoom
    private var bodyIsComplete = false
    private var uploadIsPaused = false
    /// Whether the form counts among the uploads under way; its present upload counts in its place.
    private var isCounted = true

    /// The caller has the form admitted as an upload (``Worker/admitUpload()``).
    init(
        runtime: Runtime, connection: ServerConnection, boundary: FormBoundary, options: FormOptions,
        face: any FormFace
    ) {
        self.runtime = runtime
        self.connection = connection
        room = MemoryRoom(runtime.worker.counters.budget)
        self.face = face
        decoder = FormDecoder(boundary: boundary, options: options)
    }

    /// Takes the body from the connection.
    func start() {
        connection?.receiver = self
        connection?.startBody()
    }

    // MARK: - From the client

    func bodyReceived(_ bytes: Span<UInt8>) {
        guard pending.isEmpty, !isFinishing else {
            pending.append(bytes)
            connection?.pauseBody()
            return
        }
        let used = work(bytes, from: 0)
        guard used < bytes.count else { return }
        pending.append(bytes.extracting(used...))
        connection?.pauseBody()
    }

    func bodyCompleted() {
        bodyIsComplete = true
        if pending.isEmpty, !isFinishing { endBody() }
    }

    func clientFailed(_ failure: ClientFailure) {
        let isGone = failure == .gone || failure == .answerNotTaken
        switch step {
        case .passing(let upload):
            if isGone { letGo() }
            upload.clientFailed(failure)
        case .finishing(let upload):
            // The connection closes before the upload is over: nobody can be told any more.
            letGo()
            upload.clientFailed(.gone)
        case .between, .opening, .skipping:
            if isGone { connection = nil }
            finish(Failure(failure))
        case .over:
            break
        }
    }

    func answerDrained() {}

    // MARK: - From the upload

    func begin(_ upload: Upload) {}

    func pauseBody() {
        uploadIsPaused = true
        connection?.pauseBody()
    }

    func resumeBody() {
        uploadIsPaused = false
        if case .passing = step { connection?.resumeBody() }
    }

    var isOpen: Bool { connection?.isOpen ?? false }

    func ended(_ upload: Upload, _ outcome: Outcome) -> Int {
        // The upload no longer counts; the form was admitted and is not refused now.
        runtime.worker.counters.budget.enterAgain()
        isCounted = true
        uploadIsPaused = false
        let status = face.ended(upload, outcome, of: self)
        if outcome.failure?.endsForm == true {
            finish(nil)
        } else {
            step = isFinishing ? .between : .skipping
            // Not from within the upload, which is still to be logged.
            runtime.worker.loop.onNextTurn { [self] in proceed() }
        }
        return status
    }

    func abort() { connection?.abort() }

    // MARK: - Parts

    private var isFinishing: Bool { if case .finishing = step { true } else { false } }

    /// Reads on as far as the uploads allow; returns where it stopped.
    private func work(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var offset = start
        do throws(FormError) {
            while !isFinishing {
                if case .over = step { return bytes.count }
                let found = try decoder.decode(bytes, from: offset)
                offset += found.consumed
                guard let event = found.event else { break }
                take(event, bytes)
            }
            if !room.mayHold(decoder.heldBytes + face.heldBytes) { fail(.overloaded) }
            return offset
        } catch {
            fail(error)
            return bytes.count
        }
    }

    private func take(_ event: FormDecoder.Event, _ bytes: Span<UInt8>) {
        switch event {
        case .field(let name, let value):
            fields.append(QueryItems.Item(name: name, value: value, hadEquals: true))
        case .fileBegan(let part):
            step = .opening(part)
        case .fileBytes(let range):
            pass(bytes.extracting(range))
        case .fileBytesHeld(let range):
            let delimiter = decoder.delimiter
            pass(delimiter.span.extracting(range))
        case .fileEnded:
            endFile()
        case .ended:
            break
        }
    }

    private func pass(_ bytes: Span<UInt8>) {
        if case .opening(let part) = step { open(part, isEmpty: false) }
        if case .passing(let upload) = step { upload.bodyReceived(bytes) }
    }

    private func open(_ part: FormPart, isEmpty: Bool) {
        switch face.begin(part, isEmpty: isEmpty, of: self) {
        case .upload(let upload):
            isCounted = false
            step = .passing(upload)
            upload.start()
        case .skip:
            step = .skipping
        case .stop:
            finish(nil)
        }
    }

    private func endFile() {
        if case .opening(let part) = step { open(part, isEmpty: true) }
        switch step {
        case .passing(let upload):
            step = .finishing(upload)
            upload.bodyCompleted()
        case .skipping:
            step = .between
        case .between, .opening, .finishing, .over:
            break
        }
    }

    /// Goes on with what waited for an upload's end.
    private func proceed() {
        switch step {
        case .between, .skipping: break
        case .opening, .passing, .finishing, .over: return
        }
        if !pending.isEmpty {
            var bytes: [UInt8] = []
            swap(&bytes, &pending)
            let used = work(bytes.span, from: pendingStart)
            pendingStart = 0
            if case .over = step { return }
            if used < bytes.count {
                (pending, pendingStart) = (bytes, used)
                return
            }
        }
        guard !isFinishing else { return }
        if bodyIsComplete { endBody() } else if !uploadIsPaused { connection?.resumeBody() }
    }

    private func endBody() {
        do throws(FormError) {
            while let event = try decoder.decodeEnd() {
                take(event, Span())
                guard !isFinishing else { return }
            }
            finish(nil)
        } catch {
            fail(error)
        }
    }

    // MARK: - The end

    private func fail(_ error: FormError) {
        self.error = error
        fail(Failure(error))
    }

    private func fail(_ failure: Failure) {
        // Its failure ends the form.
        if case .passing(let upload) = step { upload.fail(failure) }
        finish(failure)
    }

    private func finish(_ fault: Failure?) {
        if case .over = step { return }
        let connection = self.connection
        if connection?.receiver === self { connection?.receiver = nil }
        face.answer(fault, of: self)
        letGo()
    }

    private func letGo() {
        step = .over
        pending = []
        connection = nil
        if isCounted { runtime.worker.releaseUpload() }
        isCounted = false
    }
}
