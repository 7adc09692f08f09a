// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPServing
import HTTPWire
import LoopTesting
import Testing

/// Clients that are slow, gone or wrong, and a server that wants no more of them.
@Suite struct ClientFaultTests {
    @Test func `leaves the body in the kernel while it is paused, and reads all of it later`() throws {
        let server = try Server()
        server.onRequest = { request in
            request.onBody = { [unowned request] in
                request.onBody = nil
                request.connection.pauseBody()
            }
            request.connection.startBody()
        }
        let total = 24 << 20
        let written = Locked(0)
        let port = server.port
        let script = Script {
            let client = try RawSocket.connect(port: port)
            try client.write("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<(total >> 20) {
                try client.write(piece)
                written.withLock { $0 += 1 }
            }
            try client.expect(answer("/x \(total)"))
        }
        try server.driver.run { server.requests.first?.body.isEmpty == false }
        let before = server.requests[0].body.count
        for _ in 0..<20 { try server.driver.turn() }
        #expect(server.requests[0].body.count == before)
        #expect(written.withLock { $0 } < total >> 20)
        server.requests[0].connection.resumeBody()
        try server.driver.run(until: script)
        #expect(server.requests[0].body.count == total)
    }

    @Test func `lets a client read an early answer although it is still sending`() throws {
        let server = try Server()
        server.onRequest = { $0.respond(403, "no") }
        try server.serve { client in
            try client.write("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n")
            try client.write([UInt8](repeating: 1, count: 8 << 20))
            client.shutdownWrite()
            try client.expect(answer("no", status: "403 Forbidden", closes: true))
            try client.expectEnd()
        }
        try server.driver.run { server.closed == 1 }
        #expect(server.requests.count == 1 && server.requests[0].body == [])
    }

    @Test func `lingers no longer than its limit`() throws {
        let server = try Server { $0.linger = .milliseconds(20) }
        server.onRequest = { $0.respond(403, "no") }
        try server.serve { client in
            try client.write("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
            try client.expect(answer("no", status: "403 Forbidden", closes: true))
            // Only the server's own time limit ends this connection.
            try client.expectEnd()
        }
        try server.driver.run { server.closed == 1 }
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "missing-host"),
            ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", "400 Bad Request", "bad-content-length"),
        ])
    func `refuses what is no request and closes`(request: String, status: String, label: String) throws {
        let server = try Server()
        try server.serve { client in
            try client.write(request)
            let told = try client.readTextToEnd()
            guard told.hasPrefix("HTTP/1.1 \(status)\r\n"), told.contains("Connection: close\r\n") else {
                throw WrongBytes(got: told)
            }
        }
        #expect(server.refusals.count == 1 && server.requests.isEmpty)
        #expect(server.refusals[0].label == label)
    }

    @Test func `fails a body whose framing is broken`() throws {
        let server = try Server()
        try server.serve { client in
            try client.write("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX")
            _ = try? client.readToEnd()
        }
        guard case .malformed = server.requests[0].failure else {
            Issue.record("\(String(describing: server.requests[0].failure))")
            return
        }
        #expect(!server.requests[0].isComplete)
    }

    @Test func `tells a client that is gone from one that only ended its side`() throws {
        for resets in [true, false] {
            let server = try Server()
            try server.serve { client in
                try client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                if resets {
                    client.reset()
                } else {
                    client.shutdownWrite()
                    _ = try client.readToEnd()
                }
            }
            try server.driver.run { server.closed == 1 }
            // A reset that overtakes the request leaves nothing to fail.
            #expect(server.requests.allSatisfy { $0.failure == (resets ? .gone : .truncated) })
            #expect(server.requests.allSatisfy { !$0.isComplete })
        }
    }

    @Test func `sees a client go away that waits for its answer`() throws {
        let server = try Server()
        server.onRequest = { request in
            request.answersWhenComplete = false
            request.connection.startBody()
        }
        let gate = Gate()
        let port = server.port
        let script = Script {
            let client = try RawSocket.connect(port: port)
            try client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            try gate.wait()
            client.reset()
        }
        try server.driver.run { server.requests.first?.isComplete == true }
        gate.open()
        try server.driver.run(until: script)
        try server.driver.run { server.requests[0].failure != nil }
        #expect(server.requests[0].failure == .gone)
        #expect(server.closed == 1)
        // What is answered now goes nowhere and harms nobody.
        server.requests[0].respond("late")
    }

    @Test func `aborts with a reset, so that a cut answer is not taken for a whole one`() throws {
        let server = try Server()
        server.onRequest = { request in
            request.answersWhenComplete = false
            request.connection.startAnswer(status: 200, fields: HeaderFields(), length: 100)
            _ = request.connection.writeAnswer("part".utf8.span)
            request.connection.abort()
        }
        try server.serve { client in
            try client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            guard (try? client.readToEnd()) == nil else { throw WrongBytes(got: "a clean end") }
        }
        #expect(server.closed == 1 && server.requests[0].failure == .gone)
    }

    // MARK: - Time

    @Test func `answers a head that does not come to its end`() throws {
        let server = try Server { $0.head = .milliseconds(20) }
        try server.serve { client in
            try client.write("GET / HT")
            let told = try client.readTextToEnd()
            guard told.hasPrefix("HTTP/1.1 408 Request Timeout\r\n") else { throw WrongBytes(got: told) }
        }
        #expect(server.refusals == [.headTimeout])
    }

    @Test func `closes a connection without a request, silently`() throws {
        let server = try Server {
            $0.head = .milliseconds(20)
            $0.keepAlive = .milliseconds(20)
        }
        try server.serve { try $0.expectEnd() }
        try server.serve { client in
            try client.write("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            try client.expect(answer("/x 0"))
            try client.expectEnd()
        }
        #expect(server.refusals == [])
        #expect(server.closed == 2)
    }

    @Test func `gives a body up that stands still`() throws {
        let server = try Server { $0.bodyIdle = .milliseconds(30) }
        try server.serve { client in
            try client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            _ = try? client.readToEnd()
        }
        #expect(server.requests[0].failure == .stalled)
    }

    @Test func `gives a body up that trickles below the minimum rate`() throws {
        let server = try Server {
            $0.minimumRateBytes = 1 << 20
            $0.minimumRateWindow = .milliseconds(50)
        }
        try server.serve { client in
            try client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc")
            _ = try? client.readToEnd()
        }
        #expect(server.requests[0].failure == .tooSlow)
    }

    @Test func `blames no client for the time in which its body was not wanted`() throws {
        let server = try Server {
            $0.bodyIdle = .milliseconds(20)
            $0.minimumRateBytes = 1 << 20
            $0.minimumRateWindow = .milliseconds(20)
        }
        server.onRequest = { request in
            request.onBody = { [unowned request] in request.connection.pauseBody() }
            request.connection.startBody()
        }
        let alarm = Alarm(server.driver.loop)
        let port = server.port
        let script = Script {
            let client = try RawSocket.connect(port: port)
            try client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
            _ = try? client.readToEnd()
        }
        try server.driver.run { server.requests.first?.body.count == 3 }
        alarm.timer.start(.milliseconds(100))
        try server.driver.run { alarm.rang }
        #expect(server.requests[0].failure == nil)
        server.connections[0].close()
        try server.driver.run(until: script)
    }

    @Test func `gives a client up that does not take its answer`() throws {
        let server = try Server { $0.answerIdle = .milliseconds(50) }
        let gate = Gate()
        server.onRequest = { request in
            request.answersWhenComplete = false
            let body = [UInt8](repeating: 65, count: 16 << 20)
            request.connection.respond(status: 200, fields: HeaderFields(), body: body.span)
        }
        let port = server.port
        let script = Script {
            let client = try RawSocket.connect(port: port, receiveBuffer: 4096)
            try client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(exactly: 10)
            try gate.wait()
        }
        try server.driver.run { server.closed == 1 }
        gate.open()
        try server.driver.run(until: script)
        #expect(server.requests[0].failure == .answerNotTaken)
        #expect(server.closed == 1)
    }

    // MARK: - Drain

    @Test func `drains: idle connections close at once, a busy one after its answer`() throws {
        let server = try Server()
        server.onRequest = { request in
            request.answersWhenComplete = false
            request.connection.startBody()
        }
        let port = server.port
        let idle = Script { try RawSocket.connect(port: port).expectEnd() }
        try server.driver.run { server.connections.count == 1 }
        let busy = Script {
            let client = try RawSocket.connect(port: port)
            try client.write("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            try client.expect(answer("done", closes: true))
            try client.expectEnd()
        }
        try server.driver.run { server.requests.first?.isComplete == true }
        for connection in server.connections { connection.drain() }
        try server.driver.run(until: idle)
        #expect(server.closed == 1)
        #expect(server.connections[1].isBusy)
        server.requests[0].respond("done")
        try server.driver.run(until: busy)
        try server.driver.run { server.closed == 2 }
    }
}
