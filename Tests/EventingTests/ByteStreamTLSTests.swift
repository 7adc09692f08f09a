// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import Glibc
import LoopTesting
import Testing

/// Both ends of TLS connections on one loop.
@Suite struct ByteStreamTLSTests {
    private let driver: LoopDriver
    private let certificates: Certificates

    init() throws {
        driver = try LoopDriver()
        certificates = try Certificates.shared.get()
    }

    private func server(clientCA: String? = nil) throws -> TLSContext {
        try .server(
            certificate: certificates.server.certificate, key: certificates.server.key, clientCA: clientCA)
    }

    private func client(_ authorities: String? = nil) throws -> TLSContext {
        try .client(authorities: authorities ?? certificates.authority)
    }

    private func connect(
        _ server: TLSContext, _ client: TLSContext, serverName: String = "localhost", buffers: Int32? = nil,
        resumption: TLSResumption? = nil
    ) throws -> (client: StreamEnd, server: StreamEnd) {
        let (descriptor, peer) = try RawSocket.pair(buffers: buffers)
        let accepted = dup(peer.descriptor)
        peer.close()
        _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
        let serving = try ByteStream(loop: driver.loop, descriptor: accepted, context: server, serverName: nil)
        let asking = try ByteStream(
            loop: driver.loop, descriptor: descriptor, context: client, serverName: serverName, resumption: resumption)
        return (StreamEnd(asking), StreamEnd(serving))
    }

    /// What the client is told of a connection that must not come to be.
    private func refusal(_ server: TLSContext, _ client: TLSContext, serverName: String) throws -> String {
        let (asking, _serving) = try connect(server, client, serverName: serverName)
        asking.send("secret")
        try driver.run { asking.writeFailure != nil || asking.ending != nil }
        try driver.run { _serving.ending != nil || asking.ending == nil }
        #expect(_serving.received == [])
        if let failure = asking.writeFailure { return failure.description }
        guard case .failed(let error) = asking.ending else { return "" }
        return error.description
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `carries bytes both ways to a server whose name fits`(name: String) throws {
        let (asking, serving) = try connect(server(), client(), serverName: name)
        #expect(asking.stream.isTLS && serving.stream.isTLS)
        asking.send("question")
        try driver.run { serving.received == Array("question".utf8) }
        serving.send("answer")
        try driver.run { asking.received == Array("answer".utf8) }
        // Records have heads and the handshake its messages: the peer acknowledges more than was written.
        #expect(asking.stream.rawBytesWritten > 8)
    }

    @Test(arguments: ["putback.example", "127.0.0.2", "host", "xlocalhost"])
    func `refuses a server of another name`(name: String) throws {
        let told = try refusal(server(), client(), serverName: name)
        #expect(told.contains("certificate verify failed"), "\(told)")
        #expect(told.contains(name.hasPrefix("127") ? "IP address mismatch" : "hostname mismatch"), "\(told)")
    }

    @Test func `refuses a certificate that none of its authorities signed`() throws {
        let told = try refusal(server(), client(certificates.stranger), serverName: "localhost")
        #expect(told.contains("certificate verify failed"), "\(told)")
    }

    @Test func `refuses a client without the certificate that is asked for`() throws {
        let (asking, serving) = try connect(server(clientCA: certificates.authority), client())
        asking.send("secret")
        try driver.run { serving.ending != nil }
        guard case .failed(let error) = serving.ending else {
            Issue.record("the server took a client without a certificate: \(String(describing: serving.ending))")
            return
        }
        #expect(error.reason.contains("peer did not return a certificate"))
        #expect(serving.received == [])
    }

    @Test func `refuses files that are no certificates and keys that do not fit`() {
        let (server, other) = (certificates.server, certificates.client)
        #expect(throws: EventError.self) {
            try TLSContext.server(certificate: "/dev/null", key: server.key, clientCA: nil)
        }
        #expect(throws: EventError.self) {
            try TLSContext.server(certificate: server.certificate, key: "/nonexistent", clientCA: nil)
        }
        #expect(throws: EventError.self) {
            try TLSContext.server(certificate: server.certificate, key: other.key, clientCA: nil)
        }
        #expect(throws: EventError.self) {
            try TLSContext.server(certificate: server.certificate, key: server.key, clientCA: "/nonexistent")
        }
        #expect(throws: EventError.self) { try TLSContext.client(authorities: "/nonexistent") }
    }

    @Test func `reports a peer that speaks no TLS`() throws {
        let (descriptor, peer) = try RawSocket.pair()
        let end = StreamEnd(
            try ByteStream(loop: driver.loop, descriptor: descriptor, context: server(), serverName: nil))
        try peer.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try driver.run { end.ending != nil }
        guard case .failed(let error) = end.ending else {
            Issue.record("\(String(describing: end.ending))")
            return
        }
        #expect(error.reason.contains("http request"))
        #expect(end.received == [])
    }

    @Test func `moves megabytes both ways at once through small buffers and pauses`() throws {
        let (asking, serving) = try connect(server(), client(), buffers: 8192)
        let (up, down) = (pattern(3 << 20), Array(pattern(2 << 20).reversed()))
        serving.pauseAt = 100_000
        asking.pauseAt = 50_000
        asking.readSize = 1000
        asking.send(up)
        serving.send(down)
        try driver.run { serving.received.count == 100_000 && asking.received.count == 50_000 }
        for _ in 0..<5 { try driver.turn() }
        #expect(serving.received.count == 100_000 && asking.received.count == 50_000)
        #expect(asking.hasUnsent)
        serving.resume()
        asking.resume()
        try driver.run { serving.received.count == up.count && asking.received.count == down.count }
        #expect(serving.received == up && asking.received == down)
    }

    @Test func `gives records that were read ahead, also when reading was off in between`() throws {
        let (asking, serving) = try connect(server(), client())
        serving.readSize = 10
        serving.pauseAt = 10
        let bytes = pattern(40_000)
        asking.send(bytes)
        try driver.run { serving.received.count == 10 && !asking.hasUnsent }
        for _ in 0..<3 { try driver.turn() }
        #expect(serving.received.count == 10)
        serving.resume()
        try driver.run { serving.received.count == bytes.count }
        #expect(serving.received == bytes)
    }

    @Test func `stays open and silent when the server's session tickets come`() throws {
        let (asking, serving) = try connect(server(), client())
        asking.send("x")
        try driver.run { serving.received.count == 1 }
        for _ in 0..<5 { try driver.turn() }
        #expect(asking.ending == nil && asking.received == [])
        asking.send("y")
        try driver.run { serving.received.count == 2 }
    }

    @Test func `reads several records at once, and then the end behind them`() throws {
        let (asking, serving) = try connect(server(), client())
        serving.pauseAt = 1
        asking.send("x")
        try driver.run { serving.received.count == 1 }
        let bytes = pattern(50_000)
        asking.send(bytes)
        asking.stream.shutdownWrite()
        #expect(!asking.hasUnsent)
        serving.resume()
        try driver.run { serving.ending != nil }
        #expect(serving.received.dropFirst().elementsEqual(bytes))
        #expect(serving.ending == .end)
        #expect(serving.largestRead > 16 * 1024, "one call brings more than a record")
    }

    @Test func `waits for as many records as it is told, and takes them at once`() throws {
        let (asking, serving) = try connect(server(), client())
        asking.send("x")
        try driver.run { serving.received.count == 1 }
        serving.stream.readMark = 64 * 1024
        serving.readSize = 128 * 1024
        let (told, bytes) = (serving.readableCalls, pattern(90_000))
        asking.send(Array(bytes[..<50_000]))
        for _ in 0..<5 { try driver.turn() }
        #expect(serving.readableCalls == told && serving.stream.waitingBytes > 50_000)
        asking.send(Array(bytes[50_000...]))
        try driver.run { serving.received.count == 1 + bytes.count }
        #expect(serving.received.dropFirst().elementsEqual(bytes))
        #expect(serving.readableCalls == told + 1 && serving.largestRead == bytes.count)
        // The peer's end is told of below the mark.
        asking.send("end")
        asking.stream.shutdownWrite()
        shutdown(asking.stream.descriptor, Int32(SHUT_WR))
        try driver.run { serving.ending == .end }
        #expect(serving.received.suffix(3).elementsEqual("end".utf8))
    }

    @Test func `holds no more than two records of what its reader has no room for`() throws {
        let (asking, serving) = try connect(server(), client())
        serving.readSize = 1000
        serving.pauseAt = 1000
        let bytes = pattern(100_000)
        asking.send(bytes)
        try driver.run { serving.received.count == 1000 && !asking.hasUnsent }
        #expect((1...40 * 1024).contains(serving.stream.heldBytes))
        // The rest is counted where it waits: in the kernel.
        #expect(serving.stream.waitingBytes >= bytes.count - 1000)
        serving.resume()
        try driver.run { serving.received.count == bytes.count }
        #expect(serving.received == bytes && serving.stream.heldBytes == 0)
    }

    @Test(arguments: [(0, 5), (5, 0), (100, 1000), (100, 16 * 1024), (100, 100_000), (20_000, 20_000)])
    func `writes two buffers one behind the other`(first: Int, second: Int) throws {
        let (asking, serving) = try connect(server(), client())
        asking.send("x")
        try driver.run { serving.received.count == 1 }
        let (head, body) = (pattern(first), Array(pattern(second).reversed()))
        let all = head + body
        guard case .bytes(let count) = asking.stream.write(head.span, body.span) else {
            Issue.record("nothing was written")
            return
        }
        if first + second <= 16 * 1024 { #expect(count == all.count, "all of it is one record") }
        asking.send(Array(all[count...]))
        try driver.run { serving.received.count == 1 + all.count }
        #expect(serving.received.dropFirst().elementsEqual(all))
    }

    @Test func `tells a clean end from a truncation`() throws {
        let (asking, serving) = try connect(server(), client())
        asking.send("all of it")
        try driver.run { serving.received.count == 9 }
        asking.stream.shutdownWrite()
        try driver.run { serving.ending != nil }
        #expect(serving.ending == .end)
        // The other direction still works.
        serving.send("answer")
        try driver.run { asking.received.count == 6 }

        let (cut, reader) = try connect(server(), client())
        cut.send("part of it")
        try driver.run { reader.received.count == 10 }
        shutdown(cut.stream.descriptor, Int32(SHUT_WR))
        try driver.run { reader.ending != nil }
        #expect(reader.ending != .end)
    }

    @Test func `tells when the handshake is done`() throws {
        let (asking, serving) = try connect(server(), client())
        var results: [StreamResult] = []
        try driver.run {
            let result = asking.stream.handshake()
            results.append(result)
            _ = serving.stream.handshake()
            return result == .bytes(0)
        }
        #expect(results.first == .wouldBlock)
    }
}
