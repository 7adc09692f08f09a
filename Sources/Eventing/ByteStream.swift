// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Who is told that a stream can be read or written.
package protocol ByteStreamHandler: AnyObject {
    /// Input, end or failure can be read; called again while reading is on and there is more.
    func streamReadable(_ stream: ByteStream)
    /// Output is taken again after a write that would have blocked.
    func streamWritable(_ stream: ByteStream)
    /// The peer is done, whatever it sent before: asked for by ``ByteStream/watchForHangUp()``.
    func streamHungUp(_ stream: ByteStream, _ how: HangUp)
}

extension ByteStreamHandler {
    package func streamHungUp(_ stream: ByteStream, _ how: HangUp) {}
}

/// How a read or write on a stream ended.
package enum StreamResult: Equatable {
    /// This many bytes were moved, at least one.
    case bytes(Int)
    /// Nothing now; the handler is called when it is worth another try.
    case wouldBlock
    /// The peer sent its last byte (reads only). TLS peers that close without saying so give `failed`.
    case end
    case failed(EventError)
}

/// A connected socket, plain or TLS, read and written without blocking. Loop thread only; owns the descriptor.
///
/// Reads and writes are tried eagerly; the kernel is asked for writability only after it refused bytes.
package final class ByteStream: FileEventHandler {
    package let loop: EventLoop
    package let descriptor: Int32
    /// Set by the owner of the stream, which outlives its registration here.
    package unowned var handler: (any ByteStreamHandler)?
    private var event: FileEvent?
    let session: TLSSession?
    private var isReading = false
    /// A TLS read waits for the socket to take output, or a TLS write for input.
    private var readWaitsForOutput = false
    private var writeWaitsForInput = false
    private var writeWaits = false
    private var plainBytesWritten: UInt64 = 0
    var isWatched = false
    /// Another thread uses the descriptor: closing waits for it.
    var isLent = false
    var closesWhenBack = false
    /// What is known of the peer's end by ``watchForHangUp()``.
    package internal(set) var hangUp: HangUp?

    /// How many bytes must wait in the kernel, as they are on the wire, before the handler is told of them (`SO_RCVLOWAT`,
    /// socket(7)): a high mark spares wake-ups. The kernel also tells earlier, when its buffer is full or the peer is done.
    package var readMark: Int32 = 1 {
        didSet {
            guard readMark != oldValue, isOpen else { return }
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_RCVLOWAT, &readMark, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// How many bytes the kernel takes beyond what it can send now (`TCP_NOTSENT_LOWAT`, tcp(7)): by itself it takes megabytes
    /// of which a slow peer may never want one.
    package func limitUnsent(bytes: Int32) {
        var bytes = bytes
        // Only a Unix socket refuses, which takes little anyway.
        _ = unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A plain stream on a non-blocking descriptor.
    package init(loop: EventLoop, descriptor: Int32) {
        self.loop = loop
        self.descriptor = descriptor
        session = nil
        event = FileEvent(loop: loop, descriptor: descriptor, handler: self)
    }

    /// A TLS stream; with `serverName` the connecting side, else the accepting one. Takes the descriptor also when it throws.
    ///
    /// - Parameters:
    ///   - sendsServerName: for connecting, whether the server is told which host is wanted (SNI, RFC 6066 §3).
    ///   - resumption: for connecting, what is kept of earlier handshakes with this server.
    package init(
        loop: EventLoop, descriptor: Int32, context: TLSContext, serverName: String?, sendsServerName: Bool = true,
        resumption: TLSResumption? = nil
    ) throws(EventError) {
        self.loop = loop
        self.descriptor = descriptor
        do {
            session = try TLSSession(
                context: context, input: TLSInput(descriptor: descriptor, shared: loop.rawInput),
                serverName: serverName, sendsServerName: sendsServerName, resumption: resumption)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        event = FileEvent(loop: loop, descriptor: descriptor, handler: self)
    }

    deinit { close() }

    package var isTLS: Bool { session != nil }
    /// Whether the TLS handshake was a short one, after an earlier one with the same server.
    package var isTLSResumed: Bool { session?.isResumed ?? false }
    package var isOpen: Bool { event != nil }

    /// Bytes given to the kernel so far, TLS records included: what the peer's acknowledgements count.
    package var rawBytesWritten: UInt64 { session?.rawBytesWritten ?? plainBytesWritten }

    /// Whether the handler is told of input. Switched off to slow the peer down.
    package var readEnabled: Bool {
        get { isReading }
        set {
            guard newValue != isReading else { return }
            isReading = newValue
            updateInterest()
            guard newValue, hasBufferedInput else { return }
            // What OpenSSL holds already makes no socket event.
            loop.onNextTurn { [weak self] in
                guard let self, isReading, isOpen else { return }
                tellReadable()
            }
        }
    }

    /// Whether input was taken off the socket that was not read yet (TLS only).
    package var hasBufferedInput: Bool { session?.hasBufferedInput ?? false }

    /// Bytes of this connection that the peer's kernel acknowledged (`tcpi_bytes_acked` of tcp(7)), readable also after a
    /// reset; nil where the kernel does not say (Unix sockets). Of a connection that this side made: an accepted one counts
    /// one byte less.
    package var acknowledgedBytes: UInt64? {
        // glibc's struct ends before this field; its place in the kernel's struct is fixed (linux/tcp.h).
        let offset = 120
        var info = [UInt8](repeating: 0, count: 128)
        var length = socklen_t(info.count)
        guard unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0,
            Int(length) >= offset + 8
        else { return nil }
        // The SYN counts as one byte.
        let acknowledged = unsafe info.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        return acknowledged > 0 ? acknowledged - 1 : 0
    }

    /// Whether the peer closed or reset the connection, or sent something, without reading it (one system call).
    package var hasInputOrEnd: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count >= 0 || errno != EAGAIN
    }

    /// Completes the TLS handshake; `bytes(0)` when done. Reads and writes do it on their own, this one only tells when.
    package func handshake() -> StreamResult {
        guard let session else { return .bytes(0) }
        return result(session.handshake(), isRead: true)
    }

    /// Reads what is there, at most the buffer's size.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        if let session { return unsafe result(session.read(into: buffer), isRead: true) }
        return unsafe Self.receive(from: descriptor, into: buffer)
    }

    /// Takes what waits at a descriptor, as far as there is room for it, with one system call.
    static func receive(from descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        while true {
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno == EINTR { continue }
            if errno == EAGAIN { return .wouldBlock }
            return .failed(EventError(operation: "read", code: errno))
        }
    }

    /// Writes as much as is taken. After `wouldBlock`, or fewer bytes than given, the handler is told when to go on if
    /// ``waitForWritable()`` was called.
    package func write(_ buffer: UnsafeRawBufferPointer) -> StreamResult {
        if let session { return unsafe write(buffer, session) }
        while true {
            let count = unsafe send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return wrote(count) }
            if errno == EINTR { continue }
            if errno == EAGAIN { return .wouldBlock }
            return .failed(EventError(operation: "write", code: errno))
        }
    }

    /// Writes two buffers in one call, the first one first: a head and the first bytes of its body.
    package func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> StreamResult {
        if unsafe first.isEmpty { return unsafe write(second) }
        if unsafe second.isEmpty { return unsafe write(first) }
        if session != nil { return unsafe writeOneRecord(first, second) }
        var parts = unsafe (
            iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
        )
        return unsafe withUnsafeMutablePointer(to: &parts) { pointer in
            unsafe pointer.withMemoryRebound(to: iovec.self, capacity: 2) { parts in
                var message = unsafe msghdr()
                unsafe message.msg_iov = parts
                unsafe message.msg_iovlen = 2
                while true {
                    let count = unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                    if count >= 0 { return wrote(count) }
                    if errno == EINTR { continue }
                    if errno == EAGAIN { return .wouldBlock }
                    return .failed(EventError(operation: "write", code: errno))
                }
            }
        }
    }

    /// Each record is a system call; so that it is not a packet of its own as well, with all that follows from one, the kernel
    /// is told to wait for the rest (TCP_CORK of tcp(7)).
    private func write(_ buffer: UnsafeRawBufferPointer, _ session: TLSSession) -> StreamResult {
        guard buffer.count > 2 * TLSSession.recordBytes else {
            return unsafe result(session.write(buffer), isRead: false)
        }
        cork(true)
        defer { cork(false) }
        return unsafe result(session.write(buffer), isRead: false)
    }

    private func cork(_ isOn: Bool) {
        var value: Int32 = isOn ? 1 : 0
        // Only a Unix socket refuses, which has no packets.
        _ = unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Joins the buffers as far as a record goes: copying is cheaper than a small record, with its system call and packet.
    private func writeOneRecord(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> StreamResult {
        let record = TLSSession.recordBytes
        guard first.count < record else { return unsafe write(first) }
        let count = min(first.count + second.count, record)
        return unsafe withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { joined in
            let body = unsafe UnsafeMutableRawBufferPointer(rebasing: joined[first.count...])
            unsafe joined.copyMemory(from: first)
            unsafe body.copyMemory(from: UnsafeRawBufferPointer(rebasing: second[..<body.count]))
            return unsafe write(UnsafeRawBufferPointer(joined))
        }
    }

    /// Asks for one ``ByteStreamHandler/streamWritable(_:)`` once output is taken again.
    package func waitForWritable() {
        writeWaits = true
        updateInterest()
    }

    /// Tells the peer that no more bytes come; reading goes on.
    package func shutdownWrite() {
        session?.sendClose()
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes the descriptor; idempotent. Unsent bytes in the kernel still go out.
    package func close() {
        guard isOpen else { return }
        leaveLoop()
        session?.sendClose()
        // Whoever uses the socket finds it closed, and the peer need not wait for that.
        if isLent { shutdown(descriptor, Int32(SHUT_RDWR)) }
        closeDescriptor()
    }

    private func leaveLoop() {
        event?.cancel()
        event = nil
        if isWatched { loop.hangUps.remove(self) }
    }

    private func closeDescriptor() {
        closesWhenBack = isLent
        if !isLent { Glibc.close(descriptor) }
    }

    /// Closes with a reset, so that the peer cannot take the truncation for an end.
    package func reset() {
        guard isOpen else { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        leaveLoop()
        closeDescriptor()
    }

    package func fileReadable() {
        if writeWaitsForInput {
            writeWaitsForInput = false
            updateInterest()
            handler?.streamWritable(self)
            guard isOpen else { return }
        }
        guard isReading else { return }
        tellReadable()
    }

    package func fileWritable() {
        if readWaitsForOutput {
            readWaitsForOutput = false
            updateInterest()
            if isReading { tellReadable() }
            guard isOpen else { return }
        }
        guard writeWaits else { return }
        writeWaits = false
        updateInterest()
        handler?.streamWritable(self)
    }

    /// Tells the handler of input until it has taken all that OpenSSL holds: the socket will not announce that again.
    private func tellReadable() {
        handler?.streamReadable(self)
        while isReading, isOpen, hasBufferedInput {
            let before = readsDone
            handler?.streamReadable(self)
            if readsDone == before { break }
        }
    }

    /// Counts reads that moved bytes, to see whether buffered input makes progress.
    private var readsDone: UInt64 = 0

    func wrote(_ count: Int) -> StreamResult {
        plainBytesWritten &+= UInt64(count)
        return .bytes(count)
    }

    private func result(_ outcome: TLSSession.Outcome, isRead: Bool) -> StreamResult {
        switch outcome {
        case .bytes(let count):
            if isRead { readsDone &+= 1 }
            return .bytes(count)
        case .end: return .end
        case .failed(let error): return .failed(error)
        case .wantsRead:
            if !isRead {
                writeWaitsForInput = true
                updateInterest()
            }
            return .wouldBlock
        case .wantsWrite:
            if isRead {
                readWaitsForOutput = true
                updateInterest()
            }
            return .wouldBlock
        }
    }

    private func updateInterest() {
        guard let event else { return }
        event.wantsRead = isReading || writeWaitsForInput
        // A TLS write that waits for input is not helped by a writable socket.
        event.wantsWrite = (writeWaits && !writeWaitsForInput) || readWaitsForOutput
    }
}
