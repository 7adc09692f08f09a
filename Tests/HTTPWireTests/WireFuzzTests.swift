// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

/// SplitMix64 with a fixed seed, so that a failure can be repeated.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A sample with a few bytes replaced, inserted, dropped or a part repeated.
    mutating func mutate(_ sample: [UInt8]) -> [UInt8] {
        let telling = Array("\r\n\0 \t:,;%?/0aA*#\u{7F}\u{80}+-x".utf8)
        var bytes = sample
        for _ in 0...Int.random(in: 0...3, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes[index] = telling.randomElement(using: &self)!
            case 2: bytes.insert(telling.randomElement(using: &self)!, at: index)
            case 3: bytes.remove(at: index)
            default:
                let end = min(bytes.count, index + Int.random(in: 1...40, using: &self))
                bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0...bytes.count, using: &self))
            }
        }
        return bytes
    }

    mutating func cuts(_ count: Int) -> [Int] {
        (0..<Int.random(in: 1...6, using: &self)).map { _ in Int.random(in: 0...count, using: &self) }.sorted()
    }
}

@Suite struct WireFuzzTests {
    @Test func `requests mean the same however they are cut`() {
        var dice = Dice(state: 1)
        let samples = [
            put("Content-Length: 12", "Expect: 100-continue", target: "http://o:1/a%20?b"),
            put("Transfer-Encoding: chunked", "Connection: close, x", "X: caf\u{E9}"),
            "\r\nGET /a%41?b=c HTTP/1.0\r\nHost: [::1]:80\r\n\r\nrest",
        ].map { Array($0.utf8) }
        var accepted = 0
        for _ in 0..<20_000 {
            let bytes = dice.mutate(samples.randomElement(using: &dice)!)
            let whole = parseRequest(bytes)
            if case .head = whole { accepted += 1 }
            if parseRequest(bytes, cuts: dice.cuts(bytes.count)) != whole {
                Issue.record("cut differently: \(bytes)")
            }
        }
        // Both outcomes must be common, or the samples no longer test anything.
        #expect((2_000...18_000).contains(accepted))
    }

    @Test func `answers mean the same however they are cut`() {
        var dice = Dice(state: 2)
        let samples = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nETag: \"x\"\r\n\r\n",
            "HTTP/1.0 503\r\nConnection: keep-alive\r\nTransfer-Encodin: chunked\r\n\r\nrest",
        ].map { Array($0.utf8) }
        var accepted = 0
        for _ in 0..<20_000 {
            let bytes = dice.mutate(samples.randomElement(using: &dice)!)
            let whole = parseResponse(bytes)
            if case .head = whole { accepted += 1 }
            if parseResponse(bytes, cuts: dice.cuts(bytes.count)) != whole {
                Issue.record("cut differently: \(bytes)")
            }
        }
        #expect((2_000...18_000).contains(accepted))
    }

    @Test func `chunked bodies mean the same however they are cut`() {
        var dice = Dice(state: 3)
        let sample = Array("5;a=b\r\nhello\r\n1f\r\n0123456789012345678901234567890\r\n0\r\nX: y\r\n\r\nrest".utf8)
        var complete = 0
        for _ in 0..<20_000 {
            let bytes = dice.mutate(sample)
            let whole = decodeChunks(bytes)
            if case .complete = whole { complete += 1 }
            if decodeChunks(bytes, cuts: dice.cuts(bytes.count)) != whole {
                Issue.record("cut differently: \(bytes)")
            }
        }
        #expect((2_000...18_000).contains(complete))
    }

    @Test func `what was accepted can be written and read again`() {
        var dice = Dice(state: 4)
        let sample = Array(put("Content-Length: 12", "X: a  b", "Empty:", target: "/a%20b?c=d&e").utf8)
        for _ in 0..<5_000 {
            guard case .head(let head, _) = parseRequest(dice.mutate(sample)), !head.isHTTP10 else { continue }
            var written: [UInt8] = []
            HTTPEncoder.appendRequest(
                method: head.method, target: head.target.span, fields: head.fields, to: &written)
            guard case .head(let again, let consumed) = parseRequest(written) else {
                Issue.record("not readable: \(text(written))")
                continue
            }
            #expect(consumed == written.count)
            #expect(again.fields == head.fields && again.target == head.target && again.framing == head.framing)
        }
    }

    @Test func `forms hold the same however they are cut`() throws {
        var dice = Dice(state: 4)
        var (whole, refused) = (0, 0)
        for _ in 0..<10_000 {
            let sample = FormSample.all.randomElement(using: &dice)!
            let boundary = text(try FormBoundary(contentType: Array(sample.contentType.utf8).span).octets)
            let bytes = dice.mutate(sample.body)
            let outcome = decodeForm(bytes, boundary: boundary, options: sample.options)
            if outcome.ended { whole += 1 } else { refused += 1 }
            var pieces = decodeForm(bytes, boundary: boundary, cuts: dice.cuts(bytes.count), options: sample.options)
            // What is told of a file before a fault behind it depends on how much came at once.
            pieces.open = outcome.open
            if pieces != outcome { Issue.record("cut differently: \(bytes)") }
        }
        #expect(whole > 1000 && refused > 500)
    }
}
