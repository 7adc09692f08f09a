// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Digests
internal import HTTPServing
internal import HTTPWire
internal import Octets

/// The body of an upload that its client framed once more to put a checksum behind it: takes the frames off as they come and
/// holds the checksum against the bytes. Loop thread only.
///
/// The upload holds it as its source, the connection as its receiver.
final class TrailedBody: BodyReceiver, UploadSource {
    private let connection: ServerConnection
    private let dialect: any Dialect
    /// Of the bytes inside, as the client told it; nil: it did not.
    private let length: UInt64?
    /// nil before it begins and once it failed.
    private var upload: Upload?
    private var decoder = ChunkedDecoder(keepsTrailers: true)
    private var checksum = CRC64()
    private var passed: UInt64 = 0

    init(_ connection: ServerConnection, _ dialect: any Dialect, length: UInt64?) {
        self.connection = connection
        self.dialect = dialect
        self.length = length
    }

    // MARK: - From the client

    func bodyReceived(_ bytes: Span<UInt8>) {
        var offset = 0
        while offset < bytes.count, let upload {
            guard !decoder.isComplete else { return fail("Bytes follow the end of the framed body.") }
            do throws(WireError) {
                let step = try decoder.decode(bytes, from: offset)
                offset += step.consumed
                guard !step.data.isEmpty else { continue }
                let data = bytes.extracting(step.data)
                passed += UInt64(data.count)
                if let length, passed > length { return fail("The framed body is longer than its length says.") }
                checksum.update(data)
                upload.bodyReceived(data)
            } catch {
                return fail(error.message)
            }
        }
    }

    func bodyCompleted() {
        guard let upload else { return }
        guard decoder.isComplete, length == nil || length == passed else {
            return fail("The framed body ended before it was complete.")
        }
        let lines = decoder.trailerLines
        guard let told = dialect.checksum(inTrailer: lines.span) else {
            return fail("The trailer of the body has no checksum.")
        }
        guard told == checksum.value else {
            self.upload = nil
            return upload.fail(.badDigest("The body's CRC-64 is not the one that its trailer says."))
        }
        upload.bodyCompleted()
    }

    func clientFailed(_ failure: ClientFailure) {
        upload?.clientFailed(failure)
        upload = nil
    }

    func answerDrained() {}

    private func fail(_ message: String) {
        let upload = self.upload
        self.upload = nil
        upload?.fail(Failure(.bodyMalformed, party: .client, phase: .storing, status: 400, message))
    }

    // MARK: - From the upload

    func begin(_ upload: Upload) {
        self.upload = upload
        connection.receiver = self
        connection.startBody()
    }

    func pauseBody() { connection.pauseBody() }
    func resumeBody() { connection.resumeBody() }
    var isOpen: Bool { connection.isOpen }

    func ended(_ upload: Upload, _ outcome: Outcome) -> Int {
        self.upload = nil
        return connection.ended(upload, outcome)
    }

    func abort() { connection.abort() }
}
