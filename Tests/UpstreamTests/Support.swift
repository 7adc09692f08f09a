// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing
import HTTPWire
import LoopTesting
import Testing

@testable import Upstream

/// A request to a store whose body waits in pieces until the exchange takes them.
final class Sender: StoreExchangeHandler {
    private(set) lazy var exchange = StoreExchange(pool: pool, handler: self)
    private let pool: StorePool
    private(set) var head: ResponseHead?
    private(set) var body: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var failure: StoreFailure?
    private(set) var writableCalls = 0
    var onAnswerBody: (() -> Void)?
    private var pieces: ArraySlice<[UInt8]> = []
    private var finishes = true
    private var hasFinished = false

    init(_ pool: StorePool) { self.pool = pool }

    var isOver: Bool { hasEnded || failure != nil }
    var bodyText: String { String(decoding: body, as: UTF8.self) }

    func start(
        method: HTTPMethod = .put, chunked: Bool = false, _ pieces: [[UInt8]] = [], length: Int? = nil,
        isRepeatable: Bool = false, finishes: Bool = true
    ) {
        let length = length ?? pieces.reduce(0) { $0 + $1.count }
        self.pieces = pieces[...]
        self.finishes = finishes
        let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(length)"
        let head = "\(method.name) /key HTTP/1.1\r\nHost: store\r\n\(framing)\r\n\r\n"
        exchange.start(
            method: method, head: Array(head.utf8), isChunked: chunked, length: chunked ? nil : UInt64(length),
            isRepeatable: isRepeatable)
        pump()
    }

    private func pump() {
        while let piece = pieces.popFirst() { if !exchange.send(piece.span) { return } }
        guard finishes, !hasFinished, !isOver else { return }
        hasFinished = true
        exchange.finish()
    }

    func storeWritable() {
        writableCalls += 1
        pump()
    }

    func storeAnswered(_ head: ResponseHead) { self.head = head }

    func storeAnswerBody(_ bytes: Span<UInt8>) {
        for index in bytes.indices { body.append(bytes[index]) }
        onAnswerBody?()
    }

    func storeAnswerEnded() { hasEnded = true }
    func storeFailed(_ failure: StoreFailure) { self.failure = failure }
}

/// A loop with a pool of connections to one peer.
struct Rig {
    let driver: LoopDriver
    let context: UpstreamContext

    init() throws {
        driver = try LoopDriver()
        context = UpstreamContext(loop: driver.loop)
    }

    func pool(_ port: UInt16, _ change: (inout StoreEndpoint) -> Void = { _ in }) -> StorePool {
        var endpoint = StoreEndpoint(host: "127.0.0.1", port: port)
        change(&endpoint)
        return StorePool(context: context, endpoint: endpoint)
    }

    /// Runs until the request is over.
    func run(_ sender: Sender) throws { try driver.run("the end of the request") { sender.isOver } }
}

struct WrongBytes: Error { let got: String }

extension RawSocket {
    /// Reads a request with a body of known length or in chunks; returns the body.
    func readRequest() throws -> [UInt8] {
        let head = try readHead().lowercased()
        guard head.contains("transfer-encoding: chunked") else {
            let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }?.dropFirst(15)
            return try read(exactly: Int(length?.drop { $0 == " " } ?? "0") ?? 0)
        }
        var body: [UInt8] = []
        while true {
            let size = try readLine()
            guard let count = Int(size, radix: 16) else { throw WrongBytes(got: size) }
            body += try read(exactly: count)
            guard try readLine().isEmpty else { throw WrongBytes(got: "a chunk without its end") }
            if count == 0 { return body }
        }
    }

    private func readLine() throws -> String {
        var line: [UInt8] = []
        while !line.suffix(2).elementsEqual([13, 10]) { line += try read(exactly: 1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }

    func answer(_ body: String = "ok", status: String = "200 OK", fields: String = "") throws {
        try write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    /// Reads a whole request and answers it with its own body's length.
    func serve(_ body: String = "ok", fields: String = "") throws {
        _ = try readRequest()
        try answer(body, fields: fields)
    }
}

/// A linear congruential generator, so that random cases are the same in every run (constants of Knuth's MMIX).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func roll(_ upperBound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(upperBound))
    }
}

/// Bytes that repeat only after 251 of them.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }
