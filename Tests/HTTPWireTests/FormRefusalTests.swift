// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct FormRefusalTests {
    private static func part(_ header: String, _ content: String = "x") -> String { form([(header, content)]) }

    static let refusals: [(String, String)] = [
        ("", "no-delimiter"), ("no form at all", "no-delimiter"), ("--c\r\n--c--", "no-delimiter"),
        ("--b", "truncated"), ("--b\r\n", "truncated"), ("--b-", "truncated"), ("--b \r", "truncated"),
        ("x--b--", "no-delimiter"), ("\n--b--", "no-delimiter"),
        ("--bc\r\n", "bad-delimiter"), ("--b\n", "bad-delimiter"), ("--b\r\r\n", "bad-delimiter"),
        ("--b -\r\n", "bad-delimiter"), ("--b-x", "bad-delimiter"), ("--b--x", "bad-delimiter"),
        ("--b---", "bad-delimiter"), ("--b--\n", "bad-delimiter"), ("--b x\r\n", "bad-delimiter"),
        (part(disposition("f", "n"), "x\r\n--bother"), "bad-delimiter"),
        (part("X: y"), "part-without-name"), (part("Content-Disposition: form-data"), "part-without-name"),
        (part("Content-Disposition: form-data; filename=\"n\""), "part-without-name"),
        ("--b\r\n\r\nno header\r\n--b--", "part-without-name"), ("--b\r\n\r\n--b--", "part-without-name"),
        (part("Content-Disposition: attachment; name=\"a\""), "bad-disposition"),
        (part("Content-Disposition: form-data-x; name=\"a\""), "bad-disposition"),
        (part("Content-Disposition: form-data; name=\"a\"; name=\"b\""), "bad-disposition"),
        (part("Content-Disposition: form-data; name=a; filename=b; filename=c"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=\"a"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=\"a\"x"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=a b"), "bad-disposition"),
        (part("Content-Disposition: form-data; name="), "bad-disposition"),
        (part("Content-Disposition: form-data; name"), "bad-disposition"),
        (part("Content-Disposition: form-data; =a"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=a\"b"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=a; filename*=x"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=a; filename*=ISO-8859-1''a"), "bad-disposition"),
        (part("Content-Disposition: form-data; name=a; filename*=UTF-8''%4"), "bad-disposition"),
        (part(disposition("a") + "\r\n" + disposition("a")), "bad-disposition"),
        (part(disposition("a") + "\r\nContent-Transfer-Encoding: base64"), "transfer-encoding"),
        (part(disposition("a") + "\r\nContent-Transfer-Encoding: quoted-printable"), "transfer-encoding"),
        (part("Content-Disposition : form-data; name=a"), "bad-part-header"),
        (part("Content-Disposition: form-data;\r\n name=a"), "bad-part-header"),
        (part("no field"), "bad-part-header"), (part(": x"), "bad-part-header"),
        (part("X: y\0"), "bad-part-header"), ("--b\r\nX: y\nZ: z\r\n\r\n", "bad-part-header"),
        ("--b\r\nX: y\rZ\r\n\r\n", "bad-part-header"),
        (part("X: " + String(repeating: "y", count: 8200)), "part-header-too-long"),
        (part(String(repeating: "X: y\r\n", count: 1400) + "X: y"), "part-header-too-long"),
        (String(repeating: "x", count: 8193), "no-delimiter"),
        (part(disposition("a"), String(repeating: "x", count: 65537)), "field-too-long"),
        (
            form(Array(repeating: (disposition("a"), String(repeating: "x", count: 65535)), count: 17)),
            "fields-too-long"
        ),
        (part(disposition("a", "n"), "data\r\n--b"), "bad-part-header"),
        (String(part(disposition("a", "n"), "data").dropLast(2)).replacing("--b--", with: "--b-"), "truncated"),
    ]

    @Test(arguments: refusals)
    func `refuses what breaks the rules, however it is cut`(_ form: String, _ label: String) {
        let whole = decodeForm(form)
        #expect(whole.end == label)
        let count = form.utf8.count
        let cuts = count < 1000 ? Array(0...count) : [1, 100, count / 2, count - 1]
        for cut in cuts { #expect(decodeForm(form, cuts: [cut]).end == label, "\(cut)") }
        if count < 1000 { #expect(decodeForm(form, cuts: cuts).end == label) }
    }

    @Test func `takes as much as the limits say`() {
        let value = String(repeating: "x", count: 65536)
        #expect(decodeForm(form([(disposition("a"), value)])).pieces == [.field("a", value)])
        let many = form(Array(repeating: (disposition("a"), String(repeating: "x", count: 65535)), count: 16))
        #expect(decodeForm(many).ended)
        // A file is bounded by nobody here, nor do its bytes count as a field's.
        let large = String(repeating: "x", count: 1 << 20)
        #expect(decodeForm(form([(disposition("f", "n"), large), (disposition("a"), value)])).ended)
        let header = disposition("a") + "\r\nX: "
        let room = 8192 - header.utf8.count - 4
        #expect(decodeForm(form([(header + String(repeating: "y", count: room), "x")])).ended)
        #expect(
            decodeForm(form([(header + String(repeating: "y", count: room + 1), "x")])).end == "part-header-too-long")
        #expect(decodeForm(String(repeating: "x", count: 8192) + "\r\n" + form([(disposition("a"), "x")])).ended)
    }

    @Test func `does not tell that a file ended where something else follows its delimiter`() {
        for end in ["x", "-x", " x", "\rx", "--x"] {
            let outcome = decodeForm("--b\r\n\(disposition("f", "n"))\r\n\r\ndata\r\n--b\(end)")
            #expect(outcome == FormOutcome(pieces: [], open: Array("data".utf8), end: "bad-delimiter"))
        }
    }

    @Test func `tolerates an open end and empty parts only where it is told to`() {
        var options = FormOptions()
        options.toleratesOpenEnd = true
        let whole = "--b\r\n\(disposition("f", "n"))\r\n\r\ndata\r\n--b\r\n"
        #expect(decodeForm(whole).end == "truncated")
        #expect(decodeForm(whole, options: options).ended)
        #expect(decodeForm(whole + "X", options: options).end == "truncated")
        #expect(decodeForm(whole + "\r\nx\r\n--b--", options: options).end == "part-without-name")
        #expect(decodeForm(String(whole.dropLast(1)), options: options).end == "truncated")
        #expect(decodeForm("--b\r\n", options: options).end == "truncated")
        #expect(decodeForm("", options: options).end == "no-delimiter")
    }

    @Test func `says the same again once it has refused`() throws {
        var decoder = FormDecoder(boundary: try FormBoundary(Array("b".utf8)))
        for text in ["--bx", "--b--"] {
            let bytes = Array(text.utf8)
            do throws(FormError) {
                _ = try decoder.decode(bytes.span, from: 0)
                Issue.record("taken")
            } catch {
                #expect(error == .badDelimiter)
            }
        }
        do throws(FormError) {
            _ = try decoder.decodeEnd()
            Issue.record("taken")
        } catch {
            #expect(error == .badDelimiter)
        }
    }

    static let boundaries: [(String, String)] = [
        ("multipart/form-data", "missing-boundary"), ("multipart/form-data;", "missing-boundary"),
        ("multipart/form-data; charset=utf-8", "missing-boundary"), ("multipart/form-data; boundary=", "bad-boundary"),
        ("multipart/form-data; boundary=\"\"", "bad-boundary"), ("multipart/form-data; boundary", "bad-boundary"),
        ("multipart/form-data; boundary=a; boundary=a", "bad-boundary"),
        ("multipart/form-data; boundary=\"a", "bad-boundary"), ("multipart/form-data; boundary=\"a \"", "bad-boundary"),
        ("multipart/form-data; boundary=a b", "bad-boundary"), ("multipart/form-data; boundary=a*b", "bad-boundary"),
        ("multipart/form-data; boundary=ä", "bad-boundary"), ("multipart/form-data; boundary=a@b", "bad-boundary"),
        ("multipart/form-data; boundary=" + String(repeating: "x", count: 71), "bad-boundary"),
    ]

    @Test(arguments: boundaries)
    func `refuses a Content-Type without one good boundary`(_ type: String, _ label: String) {
        let bytes = Array(type.utf8)
        let found = #expect(throws: FormError.self) { _ = try FormBoundary(contentType: bytes.span) }
        #expect(found?.label == label)
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=a", "a"), ("multipart/form-data;boundary=a", "a"),
        ("MULTIPART/Form-Data ; charset=utf-8 ; BOUNDARY=\"a b:/=?\";", "a b:/=?"),
        ("multipart/form-data; boundary=----=_Part_1.2/3", "----=_Part_1.2/3"),
    ])
    func `reads the boundary of a Content-Type`(_ type: String, _ boundary: String) throws {
        let bytes = Array(type.utf8)
        let isForm = FormBoundary.isForm(bytes.span)
        #expect(isForm)
        let found = try FormBoundary(contentType: bytes.span)
        #expect(text(found.octets) == boundary)
    }

    @Test(arguments: ["", "multipart/mixed", "multipart/form-data-x", "application/x-www-form-urlencoded"])
    func `knows what is no form`(_ type: String) {
        let isForm = FormBoundary.isForm(Array(type.utf8).span)
        #expect(!isForm)
    }

    @Test(arguments: [
        ("name=\"a\"; filename=\"n\"", "a", "n"), ("name=a;filename=n", "a", "n"), ("filename=n; name=a;", "a", "n"),
        ("NAME=\"a\"; FileName=\"n\"", "a", "n"), ("name=\"\"; filename=\"\"", "", ""),
        ("name=\"%22%0d%0A%0D\"; filename=\"%2G%\"", "\"\r\n\r", "%2G%"),
        ("name=\"a\\\"b\"; filename=\"\\\\\\\"\\x\"", "a\"b", "\\\"\\x"),
        ("name=\"a\"; filename=\"dir\\\"", "a", "dir\\"),
        ("name=\"a\"; filename=\"C:\\dir\\n;x=y\"", "a", "C:\\dir\\n;x=y"),
        ("name=\"a\"; filename=\"..\\..\\..\\..\\x\"", "a", "..\\..\\..\\..\\x"),
        ("name=\"a\"; filename*=UTF-8''%e2%82%ac%20n", "a", "\u{20AC} n"),
        ("name=\"a\"; filename*=utf-8'en'n; filename=\"plain\"", "a", "plain"),
        ("name=\"a\"; filename*=broken; filename=\"plain\"", "a", "plain"),
    ])
    func `reads names as browsers, curl and libraries write them`(_ parameters: String, _ name: String, _ file: String)
    {
        let outcome = decodeForm(form([("content-disposition: FORM-DATA; " + parameters, "x")]))
        #expect(outcome.pieces == [.file(name, name: file, type: nil, data: Array("x".utf8))])
    }
}
