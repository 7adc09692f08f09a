// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

@testable import Gateway

@Suite struct LogLineTests {
    /// 2023-11-14T22:13:20.123Z
    private static let time = Array("2023-11-14T22:13:20.123Z".utf8)

    @Test(
        arguments: [
            "plain", "", "quote \" backslash \\ slash /", "line\r\nbreak", "tab\t nul\u{0} bell\u{7} del\u{7f}",
            "\",\"level\":\"error", "\u{2028}\u{2029} é 漢 🎉", "}\n{\"event\":\"forged\"}",
        ])
    func `holds any text in one line of JSON`(text: String) throws {
        var line = LogLine("upload", level: .warning, time: Self.time.span, isText: false)
        line.add("value", text)
        line.add("count", number: .max)
        line.add("flag", flag: false)
        let bytes = line.finished().array()
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1 && bytes.last == UInt8(ascii: "\n"))
        let value = try json(bytes)
        #expect(
            value
                == .object([
                    ("time", .string("2023-11-14T22:13:20.123Z")), ("level", .string("warning")),
                    ("event", .string("upload")), ("value", .string(text)), ("count", .number("18446744073709551615")),
                    ("flag", .bool(false)),
                ]))
    }

    @Test func `shows bytes that are no text with replacement characters`() throws {
        let broken: [UInt8] = [0x61, 0xff, 0xc3, 0x28]
        var line = LogLine("upload", time: Self.time.span, isText: false)
        line.add("path", bytes: broken.span)
        #expect(try json(line.finished().array())["path"]?.stringValue == "a\u{fffd}\u{fffd}(")
    }

    @Test func `leaves out what is not known`() throws {
        var line = LogLine("upload", time: Self.time.span, isText: false)
        line.add("text", nil)
        line.add("number", number: nil)
        line.add("flag", flag: nil)
        #expect(try json(line.finished().array()).objectValue?.map(\.key) == ["time", "level", "event"])
    }

    @Test func `writes text for people in one line too`() {
        var line = LogLine("upload", level: .error, time: Self.time.span, isText: true)
        line.add("path", "a b\nc")
        line.add("bytes", number: 5)
        let text = line.finished().array().text
        #expect(text == "2023-11-14T22:13:20.123Z ERROR upload path=\"a b\\nc\" bytes=5\n")
    }

    @Test func `says how many lines were dropped`() throws {
        #expect(try json(LogLine.dropped(3))["count"]?.integerValue == 3)
    }
}

@Suite struct EnvironmentTests {
    @Test func `stops the clock where it is told`() {
        let clock = WallClock(fixedSeconds: 1_700_000_000)
        #expect(clock.seconds == 1_700_000_000 && clock.milliseconds == 1_700_000_000_000)
        let running = WallClock()
        #expect(running.seconds > 1_700_000_000 && running.milliseconds / 1000 >= running.seconds - 1)
    }

    @Test func `reads both variables and ignores what is no number`() {
        let fixed = Environment(variables: ["PUTBACK_CLOCK": "12", "PUTBACK_SEED": "7"])
        #expect(fixed.clock.seconds == 12 && fixed.seed == 7)
        let free = Environment(variables: ["PUTBACK_CLOCK": "noon", "PUTBACK_SEED": "-1"])
        #expect(free.seed == nil && free.clock.seconds > 1_700_000_000)
    }

    @Test func `counts identifiers from the seed`() {
        let identifiers = Identifiers(seed: 0xab)
        #expect(identifiers.nextRequestID().text == "000000AB0000000000000001")
        #expect(identifiers.nextRequestID().text == "000000AB0000000000000002")
        #expect(identifiers.nextUUID() == "000000ab-0000-4000-8000-000000000001")
        #expect(identifiers.nextUUID() == "000000ab-0000-4000-8000-000000000002")
        #expect(Identifiers(seed: .max).nextRequestID().text.utf8.count == 24)
        #expect(Identifiers(seed: .max).nextUUID().utf8.count == 36)
    }

    @Test func `makes identifiers of the same shape, all different, without a seed`() {
        let identifiers = Identifiers(seed: nil)
        let requests = (0..<100).map { _ in identifiers.nextRequestID().text }
        let uuids = (0..<100).map { _ in identifiers.nextUUID() }
        #expect(Set(requests).count == 100 && Set(uuids).count == 100)
        #expect(requests.allSatisfy { $0.utf8.count == 24 && $0.allSatisfy(\.isHexDigit) && $0 == $0.uppercased() })
        for uuid in uuids {
            let parts = uuid.split(separator: "-")
            #expect(parts.map(\.utf8.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "4" && "89ab".contains(parts[3].first ?? "x"))
        }
    }
}
