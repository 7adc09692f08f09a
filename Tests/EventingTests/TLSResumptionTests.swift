// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

/// Short handshakes after the first one with a server.
@Suite struct TLSResumptionTests {
    private let driver: LoopDriver
    private let certificates: Certificates

    init() throws {
        driver = try LoopDriver()
        certificates = try Certificates.shared.get()
    }

    private func server() throws -> TLSContext {
        try .server(certificate: certificates.server.certificate, key: certificates.server.key, clientCA: nil)
    }

    /// Connects, moves bytes both ways and closes; whether the handshake was a short one.
    private func converse(
        _ server: TLSContext, _ client: TLSContext, _ resumption: TLSResumption?
    ) throws -> Bool {
        let (descriptor, peer) = try RawSocket.pair()
        let accepted = dup(peer.descriptor)
        peer.close()
        _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
        let serving = StreamEnd(
            try ByteStream(loop: driver.loop, descriptor: accepted, context: server, serverName: nil))
        let asking = StreamEnd(
            try ByteStream(
                loop: driver.loop, descriptor: descriptor, context: client, serverName: "localhost",
                resumption: resumption))
        asking.send("question")
        try driver.run { serving.received == Array("question".utf8) }
        serving.send("answer")
        try driver.run { asking.received == Array("answer".utf8) }
        #expect(asking.stream.isTLSResumed == serving.stream.isTLSResumed)
        return asking.stream.isTLSResumed
    }

    @Test func `shakes hands shortly after the first time`() throws {
        let (server, client) = (try server(), try TLSContext.client(authorities: certificates.authority))
        let resumption = TLSResumption()
        #expect(!resumption.hasSession)
        #expect(try !converse(server, client, resumption))
        #expect(resumption.hasSession)
        for _ in 0..<3 { #expect(try converse(server, client, resumption)) }
        resumption.forget()
        #expect(try !converse(server, client, resumption))
    }

    @Test func `keeps what belongs to one server from another connection's`() throws {
        let (server, client) = (try server(), try TLSContext.client(authorities: certificates.authority))
        let resumption = TLSResumption()
        _ = try converse(server, client, resumption)
        #expect(try !converse(server, client, nil))
        #expect(try !converse(server, client, TLSResumption()))
    }

    @Test func `shakes hands wholly with a server that knows nothing of the first time`() throws {
        let client = try TLSContext.client(authorities: certificates.authority)
        let resumption = TLSResumption()
        _ = try converse(server(), client, resumption)
        // After a reload, say: the keys of its tickets are new.
        let reloaded = try server()
        #expect(try !converse(reloaded, client, resumption))
        #expect(try converse(reloaded, client, resumption))
    }

    @Test func `offers nothing after a handshake that failed`() throws {
        let (server, client) = (try server(), try TLSContext.client(authorities: certificates.authority))
        let resumption = TLSResumption()
        _ = try converse(server, client, resumption)
        let (descriptor, peer) = try RawSocket.pair()
        let stream = try ByteStream(
            loop: driver.loop, descriptor: descriptor, context: client, serverName: "localhost",
            resumption: resumption)
        #expect(stream.handshake() == .wouldBlock)
        #expect(resumption.hasSession)
        try peer.write("no TLS at all")
        try driver.run { if case .failed = stream.handshake() { true } else { false } }
        #expect(!resumption.hasSession)
        stream.close()
    }
}
