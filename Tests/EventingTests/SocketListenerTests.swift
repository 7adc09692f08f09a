// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

@Suite struct SocketListenerTests {
    /// Keeps what a listener accepted.
    final class Acceptor: SocketListenerHandler {
        private(set) var peers: [SocketAddress] = []
        private(set) var descriptors: [Int32] = []
        private(set) var failures: [EventError] = []
        var onAccept: ((SocketListener) -> Void)?

        deinit { for descriptor in descriptors { close(descriptor) } }

        func accepted(descriptor: Int32, peer: SocketAddress, on listener: SocketListener) {
            descriptors.append(descriptor)
            peers.append(peer)
            onAccept?(listener)
        }

        func acceptFailed(_ error: EventError, on listener: SocketListener) { failures.append(error) }
    }

    private static func bind() throws -> ListeningSocket {
        try ListeningSocket.bind(try #require(SocketAddress(numeric: "127.0.0.1", port: 0)), count: 1)[0]
    }

    @Test func `accepts connections without blocking descriptors and tells who came`() throws {
        let driver = try LoopDriver()
        let acceptor = Acceptor()
        let listener = SocketListener(loop: driver.loop, socket: try Self.bind(), handler: acceptor)
        defer { listener.close() }
        let clients = try (0..<3).map { _ in try RawSocket.connect(port: listener.socket.address.port) }
        try driver.run { acceptor.descriptors.count == 3 }
        #expect(acceptor.peers.allSatisfy { $0.host == "127.0.0.1" && $0.port != 0 && $0.isLoopback })
        for descriptor in acceptor.descriptors {
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        #expect(acceptor.failures == [])
        #expect(clients.count == 3)
    }

    @Test func `accepts more connections than it takes in one turn`() throws {
        let driver = try LoopDriver()
        let acceptor = Acceptor()
        let listener = SocketListener(loop: driver.loop, socket: try Self.bind(), handler: acceptor)
        defer { listener.close() }
        let clients = try (0..<100).map { _ in try RawSocket.connect(port: listener.socket.address.port) }
        try driver.run { acceptor.descriptors.count == clients.count }
    }

    @Test func `closes its socket once, and within its own call`() throws {
        let driver = try LoopDriver()
        let acceptor = Acceptor()
        acceptor.onAccept = { $0.close() }
        let socket = try Self.bind()
        let listener = SocketListener(loop: driver.loop, socket: socket, handler: acceptor)
        let first = try RawSocket.connect(port: socket.address.port)
        let second = try RawSocket.connect(port: socket.address.port)
        try driver.run { !acceptor.descriptors.isEmpty }
        listener.close()
        #expect(acceptor.descriptors.count == 1)
        #expect(throws: EventError.self) { try RawSocket.connect(port: socket.address.port) }
        #expect(throws: EventError.self) { try second.read() }
        first.close()
    }

    @Test func `pauses while there are no descriptors and accepts when there are again`() async {
        await #expect(processExitsWith: .success) {
            let driver = try LoopDriver()
            let acceptor = Acceptor()
            let listener = SocketListener(loop: driver.loop, socket: try SocketListenerTests.bind(), handler: acceptor)
            let client = try RawSocket.connect(port: listener.socket.address.port)
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var full = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &full)
            try driver.run { !acceptor.failures.isEmpty }
            try #require(acceptor.failures.count == 1)
            try #require(acceptor.failures[0].code == EMFILE)
            // It does not try again in every turn.
            for _ in 0..<10 { try driver.turn() }
            try #require(acceptor.failures.count <= 2)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            try driver.run { acceptor.descriptors.count == 1 }
            listener.close()
            client.close()
        }
    }
}
