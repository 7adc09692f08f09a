// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import LoopTesting

/// One end of a connection that reads and writes as a test tells it to.
final class StreamEnd: ByteStreamHandler {
    let stream: ByteStream
    private(set) var received: [UInt8] = []
    /// How reading ended: `end` or `failed`.
    private(set) var ending: StreamResult?
    private(set) var writeFailure: EventError?
    private(set) var writableCalls = 0
    private(set) var readableCalls = 0
    /// The most that one read brought.
    private(set) var largestRead = 0
    /// The most that is read in one call.
    var readSize = 64 * 1024
    /// Stops reading after so many bytes, until resumed.
    var pauseAt = Int.max
    var closesAtEnd = true
    private(set) var hangUps: [HangUp] = []
    private var unsent: ArraySlice<UInt8> = []

    init(_ stream: ByteStream) {
        self.stream = stream
        stream.handler = self
        stream.readEnabled = true
    }

    deinit { stream.close() }

    var hasUnsent: Bool { !unsent.isEmpty }

    /// Writes all of it, waiting where the stream says so.
    func send(_ bytes: [UInt8]) {
        unsent += bytes
        flush()
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func resume() {
        pauseAt = .max
        stream.readEnabled = true
    }

    func streamReadable(_ stream: ByteStream) {
        readableCalls += 1
        var buffer = [UInt8](repeating: 0, count: min(readSize, max(1, pauseAt - received.count)))
        let result = unsafe buffer.withUnsafeMutableBytes { unsafe stream.read(into: $0) }
        switch result {
        case .bytes(let count):
            received += buffer[..<count]
            largestRead = max(largestRead, count)
            if received.count >= pauseAt { stream.readEnabled = false }
        case .wouldBlock:
            break
        case .end, .failed:
            ending = result
            stream.readEnabled = false
        }
    }

    func streamWritable(_ stream: ByteStream) {
        writableCalls += 1
        flush()
    }

    func streamHungUp(_ stream: ByteStream, _ how: HangUp) { hangUps.append(how) }

    private func flush() {
        while !unsent.isEmpty {
            switch stream.write(unsent.span) {
            case .bytes(let count): unsent = unsent.dropFirst(count)
            case .wouldBlock: return stream.waitForWritable()
            case .end: return
            case .failed(let error):
                writeFailure = error
                unsent = []
            }
        }
    }
}

/// Bytes that repeat only after 251 of them, so that a lost or doubled piece shows.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }
