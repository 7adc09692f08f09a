// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPServing
import HTTPWire
import LoopTesting
import Testing

/// Requests and answers of clients that do their part.
@Suite struct ConversationTests {
    @Test func `answers one request after the other on one connection`() throws {
        let server = try Server()
        try server.serve { client in
            for number in 0..<3 {
                try client.write("PUT /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
                try client.expect(answer("/\(number) 5"))
            }
            try client.write("GET /last HTTP/1.1\r\nHost: a\r\n\r\n")
            try client.expect(answer("/last 0"))
        }
        try server.driver.run { server.closed == 1 }
        #expect(server.connections.count == 1 && server.requests.count == 4)
        #expect(server.requests.allSatisfy { $0.failure == nil })
    }

    @Test func `answers pipelined requests in their order`() throws {
        let server = try Server()
        try server.serve { client in
            var requests = ""
            for number in 0..<50 {
                requests += "PUT /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: \(number)\r\n\r\n"
                requests += String(repeating: "x", count: number)
            }
            try client.write(requests)
            for number in 0..<50 { try client.expect(answer("/\(number) \(number)")) }
            client.shutdownWrite()
            try client.expectEnd()
        }
        #expect(server.requests.count == 50)
    }

    @Test func `handles no pipelined request before the one ahead of it is answered`() throws {
        let server = try Server()
        server.onRequest = { request in
            request.answersWhenComplete = false
            request.connection.startBody()
        }
        let gate = Gate()
        let port = server.port
        let script = Script {
            let client = try RawSocket.connect(port: port)
            try client.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            gate.open()
            try client.expect(answer("one") + answer("two"))
        }
        try server.driver.run { gate.isOpen && server.requests.count == 1 && server.requests[0].isComplete }
        for _ in 0..<5 { try server.driver.turn() }
        #expect(server.requests.map(\.target) == ["/1"])
        server.requests[0].respond("one")
        try server.driver.run { server.requests.count == 2 && server.requests[1].isComplete }
        server.requests[1].respond("two")
        try server.driver.run(until: script)
    }

    @Test func `decodes a chunked body however it is cut`() throws {
        let server = try Server()
        try server.serve { client in
            let text =
                "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\n\r\n"
            for byte in text.utf8 { try client.write([byte]) }
            try client.expect(answer("/c 13"))
            try client.write(text)
            try client.expect(answer("/c 13"))
        }
        #expect(server.requests.allSatisfy { $0.body == Array("abc0123456789".utf8) })
    }

    @Test func `answers a client that ended its side after its requests`() throws {
        let server = try Server()
        try server.serve { client in
            try client.write(
                "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            client.shutdownWrite()
            try client.expect(answer("/a 2") + answer("/b 0"))
            try client.expectEnd()
        }
        try server.driver.run { server.closed == 1 }
    }

    @Test func `tells a waiting client to go on once the body is wanted, not before`() throws {
        let server = try Server()
        server.onRequest = { _ in }
        let gate = Gate()
        let port = server.port
        let script = Script {
            let client = try RawSocket.connect(port: port)
            try client.write("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            try client.expect("HTTP/1.1 100 Continue\r\n\r\n")
            guard gate.isOpen else { throw WrongBytes(got: "100 Continue too early") }
            try client.write("abc")
            try client.expect(answer("/x 3"))
        }
        try server.driver.run { server.requests.count == 1 }
        for _ in 0..<5 { try server.driver.turn() }
        gate.open()
        server.requests[0].connection.startBody()
        try server.driver.run(until: script)
    }

    @Test func `refuses a waiting client without its body`() throws {
        let server = try Server()
        server.onRequest = { $0.respond(413, "too large") }
        try server.serve { client in
            try client.write("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            try client.expect(answer("too large", status: "413 Content Too Large", closes: true))
            try client.expectEnd()
        }
        #expect(server.requests[0].body == [])
    }

    @Test func `sends no 100 Continue to a client whose body came without it`() throws {
        let server = try Server()
        try server.serve { client in
            try client.write("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
            let head = try client.readHead()
            // The body may be read apart from the head; then the client was told to go on first.
            if head == "HTTP/1.1 100 Continue\r\n\r\n" { return try client.expect(answer("/x 3")) }
            guard head.hasPrefix("HTTP/1.1 200 OK\r\n") else { throw WrongBytes(got: head) }
        }
    }

    @Test func `closes after an answer to HTTP 1.0, and keeps open where that is asked for`() throws {
        let server = try Server()
        try server.serve { client in
            try client.write("PUT /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")
            try client.expect(answer("/x 3", closes: true))
            try client.expectEnd()
        }
        try server.serve { client in
            try client.write("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            try client.expect(answer("/x 0", closes: true))
            try client.expectEnd()
        }
    }

    @Test func `sends no body to HEAD but tells its length, and none at all with 204 and 304`() throws {
        let server = try Server()
        server.onRequest = { request in
            switch request.target {
            case "/204": request.respond(204, "")
            case "/304": request.respond(304, "")
            default: request.respond("hello")
            }
        }
        try server.serve { client in
            try client.write("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try client.readHead()
            guard head.contains("Content-Length: 5\r\n") else { throw WrongBytes(got: head) }
            for status in ["204", "304"] {
                try client.write("GET /\(status) HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = try client.readHead()
                guard head.hasPrefix("HTTP/1.1 \(status) "), !head.contains("Content-Length") else {
                    throw WrongBytes(got: head)
                }
            }
            try client.write("GET /y HTTP/1.1\r\nHost: a\r\n\r\n")
            try client.expect(answer("hello"))
        }
    }

    @Test func `adds the handler's fields once and its own instead of the handler's`() throws {
        let server = try Server()
        server.onRequest = { request in
            var fields = HeaderFields()
            for (name, value) in [("ETag", "\"x\""), ("date", "never"), ("CONNECTION", "x"), ("content-length", "99")] {
                fields.append(name: name, value)
            }
            request.connection.answerFields.append("Vary", "Origin")
            request.connection.respond(status: 200, fields: fields, body: "ok".utf8.span)
        }
        try server.serve { client in
            try client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try client.expect(
                "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nVary: Origin\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
            try client.expect("Content-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
        }
        #expect(server.connections[0].answerFields.isEmpty || !server.connections[0].isOpen)
    }

    @Test func `sends an answer in pieces to a slow reader, telling when there is room`() throws {
        let server = try Server()
        let total = 12 << 20
        let piece = [UInt8](repeating: 65, count: 256 << 10)
        var wasHeldBack = false
        server.onRequest = { request in
            var sent = 0
            func pump() {
                while sent < total {
                    sent += piece.count
                    guard request.connection.writeAnswer(piece.span) else { return wasHeldBack = true }
                }
                request.onDrain = nil
                request.connection.endAnswer()
            }
            request.answersWhenComplete = false
            request.onDrain = { pump() }
            request.connection.startAnswer(status: 200, fields: HeaderFields(), length: UInt64(total))
        }
        try server.serve(receiveBuffer: 8192) { client in
            try client.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.readHead()
            guard try client.read(exactly: total).allSatisfy({ $0 == 65 }) else { throw WrongBytes(got: "other bytes") }
        }
        #expect(wasHeldBack)
        #expect(server.requests[0].drains > 1)
    }

    @Test func `gives out an answer that waits for the end of the turn before it closes`() throws {
        let server = try Server()
        server.onRequest = { request in
            request.respond(503, "bye")
            request.connection.close()
        }
        try server.serve { client in
            try client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = try client.readTextToEnd()
            guard text.hasPrefix("HTTP/1.1 503 ") && text.hasSuffix("\r\n\r\nbye") else { throw WrongBytes(got: text) }
        }
    }
}
