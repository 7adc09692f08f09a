// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Glibc

/// A server on a free port of 127.0.0.1 that does what scripts say: one for each connection, in the order they come.
///
/// A connection that no script is for is closed at once and counted.
package final class Peer {
    package typealias Line = @Sendable (RawSocket) throws -> Void

    package let port: UInt16
    private let descriptor: Int32
    private let scripts: [Line]
    private let state = Locked(State())
    private var thread: Eventing::Thread?

    private struct State {
        var connections = 0
        var running: [Script] = []
    }

    package init(_ scripts: Line...) throws {
        self.scripts = scripts
        (descriptor, port) = try Loopback.listen(backlog: 64)
        let (descriptor, state) = (self.descriptor, self.state)
        thread = Eventing::Thread.start(name: "peer") {
            while true {
                let accepted = accept(descriptor, nil, nil)
                guard accepted >= 0 else { return }
                let socket = RawSocket(descriptor: accepted)
                state.withLock { state in
                    let index = state.connections
                    state.connections += 1
                    guard index < scripts.count else { return socket.close() }
                    state.running.append(
                        Script {
                            defer { socket.close() }
                            try scripts[index](socket)
                        })
                }
            }
        }
    }

    deinit {
        // Wakes the thread out of accept(2).
        shutdown(descriptor, Int32(SHUT_RDWR))
        thread?.join()
        close(descriptor)
    }

    /// Connections that came so far.
    package var connections: Int { state.withLock(\.connections) }

    /// Whether all scripts were played to their end.
    package var isDone: Bool {
        state.withLock { [count = scripts.count] in $0.running.count == count && $0.running.allSatisfy(\.isDone) }
    }

    /// Throws what a script threw, and when there were more connections than scripts.
    package func check() throws {
        let (connections, running) = state.withLock { ($0.connections, $0.running) }
        for script in running { try script.check() }
        guard connections <= scripts.count else {
            throw EventError(operation: "accept", reason: "\(connections) connections, \(scripts.count) expected")
        }
    }
}

extension LoopDriver {
    /// Runs the loop until the peer has played all its scripts.
    package func run(until peer: Peer) throws {
        try run("the end of the peer's scripts") { peer.isDone }
        try peer.check()
    }
}
