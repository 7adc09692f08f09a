// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct HeaderFieldsTests {
    private func sample() -> HeaderFields {
        var fields = HeaderFields()
        fields.append("Content-Type", "image/jpeg")
        fields.append("x-oss-meta-A", "1")
        fields.append("X-Twice", bytes: "one".utf8.span)
        fields.append("X-OSS-Meta-b", "2")
        fields.append(name: "x-twice".utf8.span, value: "two".utf8.span)
        fields.append("Content-Length", decimal: 18_446_744_073_709_551_615)
        return fields
    }

    private func lines(_ fields: HeaderFields) -> [String] {
        fields.indices.map { text(fields.name(at: $0)) + ": " + text(fields.value(at: $0)) }
    }

    @Test func `keeps order, case and values`() {
        #expect(
            lines(sample()) == [
                "Content-Type: image/jpeg", "x-oss-meta-A: 1", "X-Twice: one", "X-OSS-Meta-b: 2", "x-twice: two",
                "Content-Length: 18446744073709551615",
            ])
        #expect(sample().count == 6 && !sample().isEmpty)
        #expect(HeaderFields().isEmpty)
    }

    @Test func `finds names without regard to case`() {
        let fields = sample()
        #expect(fields.firstIndex(of: "CONTENT-type") == 0)
        #expect(fields.first("x-TWICE").map(text) == "one")
        #expect(fields.string("content-length") == "18446744073709551615")
        #expect(fields.count(of: "X-Twice") == 2)
        #expect(fields.nextIndex(of: "x-twice", from: 3) == 4)
        #expect(fields.nextIndex(of: "x-twice", from: 5) == nil)
        #expect(fields.indices(withPrefix: "x-oss-META-") == [1, 3])
        #expect(fields.indices(withPrefix: "") == Array(0..<6))
        #expect(fields.contains("x-oss-meta-b"))
    }

    @Test(arguments: ["x-twic", "x-twice-", "", "Content-Type:", "Content_Type", "X\u{0D}Twice", "content\u{0D}type"])
    func `does not find other names`(_ name: String) {
        #expect(sample().first(name) == nil)
        #expect(sample().string(name) == nil)
        #expect(sample().count(of: name) == 0)
    }

    @Test func `replaces the first and drops further ones of a name`() {
        var fields = sample()
        fields.set("x-twice", "a longer value")
        #expect(lines(fields)[2] == "X-Twice: a longer value")
        #expect(fields.count(of: "x-twice") == 1)
        #expect(fields.count == 5)
        fields.set("New", bytes: "n".utf8.span)
        #expect(lines(fields).last == "New: n")
    }

    @Test func `removes all of a name`() {
        var fields = sample()
        fields.remove("X-TWICE")
        #expect(!fields.contains("x-twice") && fields.count == 4)
        fields.remove("absent")
        #expect(fields.count == 4)
        fields.removeAll()
        #expect(fields.isEmpty && fields.bytes.isEmpty)
    }

    @Test func `copies fields and takes values that are written in place`() {
        var fields = HeaderFields()
        let source = sample()
        for index in source.indices { fields.append(fieldAt: index, of: source) }
        #expect(fields == source)
        fields.append("X-Written") { $0 += "abc".utf8 }
        #expect(fields.string("x-written") == "abc")
        #expect(fields != source)
    }

    @Test func `tells elements of lists`() {
        var fields = HeaderFields()
        fields.append("Connection", "close , X-One,,")
        fields.append("Other", "x-none")
        fields.append("connection", " x-two")
        for element in ["Close", "x-one", "X-TWO"] {
            #expect(fields.list("connection", contains: element))
        }
        for element in ["x-none", "x-on", "one", "x-one,"] {
            #expect(!fields.list("connection", contains: element))
        }
    }

    @Test func `stops rather than write a line end into a field`() async {
        await #expect(processExitsWith: .failure) {
            var fields = HeaderFields()
            fields.append("X", "a\r\nAuthorization: b")
        }
        await #expect(processExitsWith: .failure) {
            var fields = HeaderFields()
            fields.append("X: a\r\nY", "b")
        }
        await #expect(processExitsWith: .failure) {
            var fields = HeaderFields()
            fields.append("X") { $0.append(10) }
        }
    }
}
