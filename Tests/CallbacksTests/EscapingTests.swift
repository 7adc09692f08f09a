// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Octets
import Testing

@Suite struct EscapingTests {
    private func render(
        _ source: String, _ escaping: Escaping, _ value: [UInt8]?, syntax: Template.Syntax = .putback
    ) throws -> String {
        try Template(parsing: source, syntax: syntax).render(escaping) { _ in value }.text
    }

    @Test func `percent-encodes form values like the service`() throws {
        // mimeType=image%2Fpng and a dot kept: capture of 2018 in OSS's best practices, verified by its signature.
        #expect(try render("t=${mimeType}", .form, "image/png".bytes) == "t=image%2Fpng")
        #expect(try render("f=${object}", .form, ".snappython.png".bytes) == "f=.snappython.png")
        #expect(try render("o=${object}&x", .form, "a b+c~&=中".bytes) == "o=a%20b%2Bc~%26%3D%E4%B8%AD&x")
        #expect(try render("h=${imageInfo.height}&w=", .form, nil) == "h=&w=")
        #expect(try render("中=${object}", .form, "x".bytes) == "中=x")
    }

    @Test func `writes JSON strings with their quotes and numbers without`() throws {
        #expect(try render("{\"o\":${object}}", .json, "a/\"b\"".bytes) == #"{"o":"a/\"b\""}"#)
        #expect(try render("{\"s\":${size}}", .json, "12".bytes) == #"{"s":12}"#)
        #expect(try render("{\"c\":${crc64}}", .json, "12".bytes) == #"{"c":"12"}"#)
        #expect(try render("{\"x\":${x:a}}", .json, nil) == #"{"x":""}"#)
        #expect(try render("{\"h\":${imageInfo.height}}", .json, nil) == #"{"h":null}"#)
    }

    @Test func `leaves quotes out within a string of the operator's JSON`() throws {
        #expect(try render(#"{"o":"at ${object}!"}"#, .json, "a\"b\\".bytes) == #"{"o":"at a\"b\\!"}"#)
        #expect(try render(#"{"a\"":${object}}"#, .json, "b".bytes) == #"{"a\"":"b"}"#)
        #expect(try render(#"{"\\":${object}}"#, .json, "b".bytes) == #"{"\\":"b"}"#)
        #expect(
            try render(#"{"p":"${imageInfo.width},${imageInfo.height}"}"#, .json, "7".bytes) == #"{"p":"7,7"}"#)
        #expect(try render(#"{"p":"${imageInfo.width}"}"#, .json, nil) == #"{"p":""}"#)
    }

    @Test(arguments: ["1,\"admin\":true", "-1", "01", "1e9", "", "１", "0x1", "null"])
    func `takes nothing but digits for a number`(value: String) throws {
        #expect(try render("{\"s\":${size}}", .json, value.bytes) == "{\"s\":null}")
        #expect(try render("{\"s\":${size}}", .vendorJSON, value.bytes, syntax: .client(.oss)) == "{\"s\":}")
    }

    @Test func `renders a client's JSON template as OSS does`() throws {
        func oss(_ source: String, _ value: String?) throws -> String {
            try render(source, .vendorJSON, value?.bytes, syntax: .client(.oss))
        }
        #expect(try oss("{\"object\":${object}}", "a/b.txt") == #"{"object":"a/b.txt"}"#)
        // Quotes of the template and of the value: broken, and so it is at OSS.
        #expect(try oss("{\"object\":\"${object}\"}", "a/b.txt") == #"{"object":""a/b.txt""}"#)
        #expect(try oss("{\"p\":\"${imageInfo.width},${imageInfo.height}\"}", nil) == #"{"p":","}"#)
        #expect(try oss("{\"v\":${x:none},\"u\":${nobody}}", nil) == #"{"v":"","u":""}"#)
    }

    @Test(arguments: [
        ("../etc", "..%2Fetc"), ("..", "%2E%2E"), (".", "%2E"), ("...", "..."), ("a\r\nb\0", "a%0D%0Ab%00"),
        ("50% é", "50% é"), ("", ""),
    ])
    func `keeps a value within its segment of a key`(value: String, expected: String) throws {
        #expect(try render("t/${header.X-Tenant}/f", .key, value.bytes) == "t/\(expected)/f")
    }

    @Test func `lets the path have its slashes in a key`() throws {
        #expect(try render("${path}", .key, "a/../b".bytes) == "a/../b")
        #expect(try render("k/${path.1}", .key, "a/b".bytes) == "k/a/b")
    }

    @Test(arguments: [
        ("plain text", "plain text"), ("a\r\nHost: b", "a%0D%0AHost: b"), (" a ", "%20a%20"), ("50%", "50%25"),
        ("é\t", "%C3%A9%09"), ("\0", "%00"),
    ])
    func `keeps a value within its header`(value: String, expected: String) throws {
        #expect(try render("${query.a}", .headerValue, value.bytes) == expected)
    }

    @Test func `keeps a value within its segment of a URL`() throws {
        #expect(try render("/${query.a}/x", .pathSegment, "../a?b#c%2F".bytes) == "/..%2Fa%3Fb%23c%252F/x")
        #expect(try render("/${query.a}/x", .pathSegment, "..".bytes) == "/%2E%2E/x")
    }

    @Test func `no value changes the shape of a JSON body`() throws {
        let source = #"{"a":${object},"b":["${x:one}","<${x:two}> ${size}"],"n":${size},"${x:key}":null}"#
        let template = try Template(parsing: source)
        var dice = Dice(seed: 1)
        for _ in 0..<2000 {
            let (object, one, two, key) =
                (dice.hostileBytes(), dice.hostileBytes(), dice.hostileBytes(), dice.hostileBytes())
            let values: [String: [UInt8]] = [
                "object": object, "x:one": one, "x:two": two, "x:key": key, "size": "5".bytes,
            ]
            let body = template.render(.json) { values[$0.name] }
            let expected = JSON.object([
                (key: "a", value: .string(object.text)),
                (key: "b", value: .array([.string(one.text), .string("<\(two.text)> 5")])),
                (key: "n", value: .number("5")),
                (key: key.text, value: .null),
            ])
            #expect(try parsedJSON(body) == expected, "\(body.text)")
        }
    }

    @Test func `no value changes the shape of a form body`() throws {
        let template = try Template(parsing: "object=${object}&fixed=1&one=${x:one}&two=${x:two}")
        var dice = Dice(seed: 2)
        for _ in 0..<2000 {
            let (object, one, two) = (dice.hostileBytes(), dice.hostileBytes(), dice.hostileBytes())
            let values = ["object": object, "x:one": one, "x:two": two]
            let body = template.render(.form) { values[$0.name] }
            let pairs = body.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map { pair in
                pair.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false).map { part in
                    percentDecoded([UInt8](part)) ?? []
                }
            }
            #expect(
                pairs == [
                    ["object".bytes, object], ["fixed".bytes, "1".bytes], ["one".bytes, one], ["two".bytes, two],
                ])
        }
    }

    @Test func `no value leaves its header or its segment`() throws {
        var dice = Dice(seed: 3)
        let template = try Template(parsing: "${query.a}")
        for _ in 0..<2000 {
            let value = dice.hostileBytes()
            let header = template.render(.headerValue) { _ in value }
            #expect(header.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(percentDecoded(header) == value)
            let segment = template.render(.pathSegment) { _ in value }
            #expect(!segment.contains { "/?#\\".utf8.contains($0) } && segment != "..".bytes && segment != ".".bytes)
            #expect(percentDecoded(segment) == value)
            #expect(!template.render(.key) { _ in value }.contains { $0 < 0x20 || $0 == 0x7F || $0 == 0x2F })
        }
    }
}
