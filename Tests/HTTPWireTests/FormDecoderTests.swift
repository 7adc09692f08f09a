// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct FormDecoderTests {
    @Test(arguments: FormSample.all)
    func `reads what clients really send, however it is cut`(_ sample: FormSample) throws {
        let boundary = try FormBoundary(contentType: Array(sample.contentType.utf8).span)
        let name = text(boundary.octets)
        let expected = FormOutcome(pieces: sample.pieces, end: "ended")
        #expect(decodeForm(sample.body, boundary: name, options: sample.options) == expected)
        for cut in 0...sample.body.count {
            #expect(decodeForm(sample.body, boundary: name, cuts: [cut], options: sample.options) == expected)
        }
        let everywhere = Array(0...sample.body.count)
        #expect(decodeForm(sample.body, boundary: name, cuts: everywhere, options: sample.options) == expected)
    }

    @Test(arguments: FormSample.all)
    func `never takes a form that was cut short for a whole one`(_ sample: FormSample) throws {
        let name = text(try FormBoundary(contentType: Array(sample.contentType.utf8).span).octets)
        // Of a last delimiter its line end may be missing, and of Go's forms all that follows the empty part's line.
        let end = Array(("\r\n--" + name + (sample.toleratesOpenEnd ? "\r\n" : "--")).utf8)
        let start = sample.body.indices.first { sample.body[$0...].starts(with: end) && isLast($0, sample, end) }!
        for count in 0..<start + end.count {
            let outcome = decodeForm(Array(sample.body[..<count]), boundary: name, options: sample.options)
            // An open end is tolerated behind every part.
            if sample.toleratesOpenEnd, outcome.ended {
                #expect(text(sample.body[..<count]).hasSuffix("--" + name + "\r\n"))
            } else {
                #expect(["truncated", "no-delimiter"].contains(outcome.end), "\(count)")
            }
        }
    }

    /// Whether no delimiter follows that has another part behind it.
    private func isLast(_ index: Int, _ sample: FormSample, _ end: [UInt8]) -> Bool {
        !text(sample.body[(index + 1)...]).contains("Content-Disposition")
    }

    /// Beginnings of a delimiter, and everything that differs from one in a single byte.
    private static let lookAlikes: [String] = {
        let delimiter = "\r\n--boundary"
        var all = ["", "\r", "\n", "\r\n", "\r\r\n", "\r\n\r\n", "\n--boundary", "--boundary", "x--boundary", "\r\r\r"]
        for count in 1..<delimiter.unicodeScalars.count {
            let start = String(String.UnicodeScalarView(delimiter.unicodeScalars.prefix(count)))
            all += [start, start + "x", start + "\r", start + start, start + "\r\n", start + "-", start + "\0"]
        }
        return all.filter { !$0.contains(delimiter) }
    }()

    @Test(arguments: lookAlikes)
    func `keeps what only looks like a delimiter`(_ content: String) {
        for content in [content, "a" + content, content + "z"] {
            // A part may begin with the delimiter: the line end in front of it is that of the part's header.
            let isEmpty = content.hasPrefix("--boundary")
            guard !isEmpty else { continue }
            let whole = form([(disposition("f", "n"), content), (disposition("t"), content)], boundary: "boundary")
            let expected = FormOutcome(
                pieces: [.file("f", name: "n", type: nil, data: Array(content.utf8)), .field("t", content)],
                end: "ended")
            #expect(decodeForm(whole, boundary: "boundary") == expected)
            for cut in 0...whole.utf8.count {
                #expect(decodeForm(whole, boundary: "boundary", cuts: [cut]) == expected, "\(cut)")
            }
            #expect(decodeForm(whole, boundary: "boundary", cuts: Array(0...whole.utf8.count)) == expected)
        }
    }

    @Test(arguments: [1, 2, 69, 70])
    func `takes boundaries of every allowed length`(_ length: Int) {
        let boundary = String("0aZ'()+_,-./:=?0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst".prefix(length))
        let whole = form([(disposition("f", "n"), "data--\(boundary)"), (disposition("t"), "v")], boundary: boundary)
        let data = Array("data--\(boundary)".utf8)
        let expected = FormOutcome(
            pieces: [.file("f", name: "n", type: nil, data: data), .field("t", "v")], end: "ended")
        for cut in 0...whole.utf8.count { #expect(decodeForm(whole, boundary: boundary, cuts: [cut]) == expected) }
    }

    @Test func `takes ten thousand fields where they are allowed, and not one more than allowed`() {
        let parts = (0..<10_000).map { (disposition("field\($0)"), "\($0)") }
        var options = FormOptions()
        options.partCount = 10_000
        let outcome = decodeForm(form(parts), options: options)
        #expect(outcome.ended && outcome.pieces.count == 10_000 && outcome.pieces.last == .field("field9999", "9999"))
        options.partCount = 9999
        #expect(decodeForm(form(parts), options: options).end == "too-many-parts")
        #expect(decodeForm(form(parts)).end == "too-many-parts")
        #expect(decodeForm(form(Array(parts.prefix(1000)))).ended)
    }

    @Test func `skips what stands in front of the first delimiter and behind the last`() {
        let whole = "This is a preamble.\r\n\r\n" + form([(disposition("a"), "1")]) + "--b\r\nAn epilogue\r\n--b--"
        let expected = FormOutcome(pieces: [.field("a", "1")], end: "ended")
        for cut in 0...whole.utf8.count { #expect(decodeForm(whole, cuts: [cut]) == expected) }
    }

    @Test func `takes blanks behind a delimiter, and a last one without line end`() {
        let part = "Content-Disposition: form-data; name=a\r\n\r\n1"
        for padding in ["", " ", "\t \t"] {
            for end in ["", padding, padding + "\r", padding + "\r\n", padding + "\r\nx"] {
                let whole = "--b\(padding)\r\n\(part)\r\n--b--\(end)"
                #expect(decodeForm(whole) == FormOutcome(pieces: [.field("a", "1")], end: "ended"), "\(whole)")
            }
        }
    }

    @Test func `takes a part without any content, not even its line end`() {
        let whole = "--b\r\n\(disposition("a", "n"))\r\n\r\n--b\r\n\(disposition("c"))\r\n\r\n--b--"
        let expected = FormOutcome(pieces: [.file("a", name: "n", type: nil, data: []), .field("c", "")], end: "ended")
        for cut in 0...whole.utf8.count { #expect(decodeForm(whole, cuts: [cut]) == expected) }
    }

    @Test func `takes a form without parts for an empty one`() {
        #expect(decodeForm("--b--\r\n") == FormOutcome(end: "ended"))
    }

    @Test func `takes the part that the caller names for the file, and skips what follows it`() {
        var options = FormOptions()
        options.fileField = "file"
        options.endsWithFile = true
        let whole = form([(disposition("key"), "k"), (disposition("FILE"), "data"), (disposition("late"), "x")])
        let file = FormPiece.file("FILE", name: nil, type: nil, data: Array("data".utf8))
        for cut in 0...whole.utf8.count {
            let outcome = decodeForm(whole, cuts: [cut], options: options)
            #expect(outcome == FormOutcome(pieces: [.field("key", "k"), file], end: "ended"))
        }
        options.endsWithFile = false
        #expect(decodeForm(whole, options: options).pieces == [.field("key", "k"), file, .field("late", "x")])
        options.fileField = nil
        #expect(decodeForm(whole, options: options).pieces.count == 3)
    }

    @Test func `tells bytes of a file where they stand, in as few pieces as there are`() throws {
        var decoder = FormDecoder(boundary: try FormBoundary(Array("b".utf8)))
        let head = Array("--b\r\n\(disposition("f", "n"))\r\n\r\n".utf8)
        guard case .fileBegan = try decoder.decode(head.span, from: 0).event else {
            Issue.record("no file")
            return
        }
        let data = Array("some\r\n--x bytes\rwith\nline ends\r\n".utf8)
        let step = try decoder.decode(data.span, from: 0)
        #expect(step.consumed == data.count && step.event == .fileBytes(0..<data.count - 2))
        let more = Array("-more".utf8)
        let held = try decoder.decode(more.span, from: 0).event
        #expect(held == .fileBytesHeld(0..<2))
        let rest = try decoder.decode(more.span, from: 0).event
        #expect(rest == .fileBytes(0..<5))
    }
}
