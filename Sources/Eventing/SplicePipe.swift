// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// Bytes on their way from one plain socket to another that nobody needs to look at: they stay in the kernel. Loop thread
/// only.
///
/// An empty pipe goes back with ``giveBack()``. A pipe that is dropped is closed, and what it holds is gone with it:
/// bytes of an upload that was broken off never come out in another one.
package final class SplicePipe {
    private let output: Int32
    private let input: Int32
    /// What it holds at most, in bytes; less where the bytes came in small packets.
    package let capacity: Int
    /// Bytes that it holds.
    package private(set) var count = 0
    private weak var pool: PipePool?

    /// nil where the process or its user may have no more pipes, or only small ones.
    fileprivate init?(pool: PipePool) {
        var ends: (output: Int32, input: Int32) = (-1, -1)
        let result = unsafe withUnsafeMutableBytes(of: &ends) {
            unsafe pb_pipe($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Int32.self))
        }
        guard result == 0 else { return nil }
        (output, input) = ends
        self.pool = pool
        // pipe(7): above /proc/sys/fs/pipe-max-size, or once the user's pipes hold too much, a size is refused.
        var size: Int32 = 1 << 20
        while size >= 64 * 1024, pb_pipe_resize(input, size) < size { size /= 2 }
        capacity = Int(size)
        pool.opened()
        guard capacity >= 64 * 1024 else { return nil }
    }

    deinit {
        close(output)
        close(input)
        pool?.closed()
    }

    /// Moves what has come on `stream`, at most `limit` bytes, into this empty pipe.
    package func fill(from stream: ByteStream, limit: Int) -> StreamResult {
        precondition(count == 0, "a full pipe and a silent socket look the same")
        let result = move(from: stream.descriptor, to: input, min(limit, capacity), "read")
        if case .bytes(let moved) = result { count = moved }
        return result
    }

    /// Moves as much into `stream` as it takes.
    package func drain(into stream: ByteStream) -> StreamResult {
        let result = move(from: output, to: stream.descriptor, count, "write")
        guard case .bytes(let moved) = result else { return result }
        count -= moved
        return stream.wrote(moved)
    }

    /// Gives the pipe, which is empty, back for the next bytes.
    package func giveBack() {
        precondition(count == 0, "a pipe that holds bytes is dropped, not used again")
        pool?.keep(self)
    }

    private func move(from source: Int32, to sink: Int32, _ limit: Int, _ operation: String) -> StreamResult {
        while true {
            let moved = pb_splice(source, sink, limit)
            if moved > 0 { return .bytes(moved) }
            if moved == 0 { return .end }
            if errno == EINTR { continue }
            if errno == EAGAIN { return .wouldBlock }
            return .failed(EventError(operation: operation, code: errno))
        }
    }
}

/// The pipes of one loop: made when needed, as many as may be, and used again. Loop thread only.
package final class PipePool: DeadlineHandler {
    private let loop: EventLoop
    private let limit: Int
    private lazy var timer = DeadlineTimer(loop: loop, handler: self)
    private var unused: [SplicePipe] = []
    /// The fewest that there were of them since the timer began: so many too many.
    private var spare = 0
    /// Pipes that exist, unused ones included.
    package private(set) var openCount = 0
    /// After a refusal so many requests for a pipe are not even tried.
    private var pause = 0

    /// - Parameter limit: pipes at most. By pipe(7) an ordinary user's pipes may hold 64 MiB together, 1 MiB each here.
    package init(loop: EventLoop, limit: Int = 32) {
        self.loop = loop
        self.limit = limit
    }

    /// An empty pipe; nil where none may be had now: then bytes are copied.
    package func take() -> SplicePipe? {
        if let pipe = unused.popLast() {
            spare = min(spare, unused.count)
            return pipe
        }
        guard openCount < limit else { return nil }
        guard pause == 0 else {
            pause -= 1
            return nil
        }
        let pipe = SplicePipe(pool: self)
        if pipe == nil { pause = 1_000 }
        return pipe
    }

    fileprivate func keep(_ pipe: SplicePipe) {
        unused.append(pipe)
        if timer.deadline == nil { watch() }
    }

    /// Pipes that nobody needed for a second go: they are descriptors and room that others could use.
    package func deadlinePassed(_ timer: DeadlineTimer) {
        unused.removeFirst(spare)
        if !unused.isEmpty { watch() }
    }

    private func watch() {
        spare = unused.count
        timer.start(.seconds(1))
    }

    fileprivate func opened() { openCount += 1 }
    fileprivate func closed() { openCount -= 1 }
}
