// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

/// A form as a client really wrote it, with the lines of its body and what it means.
struct FormSample: Sendable, CustomTestStringConvertible {
    let sender: String
    let contentType: String
    let body: [UInt8]
    let pieces: [FormPiece]
    var toleratesOpenEnd = false

    init(_ sender: String, _ boundary: String, _ body: String, _ pieces: [FormPiece], toleratesOpenEnd: Bool = false) {
        self.sender = sender
        contentType = "multipart/form-data; boundary=" + boundary
        // `@` stands for a delimiter and `~` for a CR of the content; line ends are CRLF.
        let lines = body.replacing("\n", with: "\r\n").replacing("@", with: "--" + boundary)
        self.body = lines.utf8.map { $0 == UInt8(ascii: "~") ? 13 : $0 }
        self.pieces = pieces
        self.toleratesOpenEnd = toleratesOpenEnd
    }

    var testDescription: String { sender }

    var options: FormOptions {
        var options = FormOptions()
        options.toleratesOpenEnd = toleratesOpenEnd
        return options
    }

    static let all: [FormSample] = [
        // Captured from curl 7.88.1: -F album=… -F photo=@a.txt -F 'odd=@we"ird\na me.bin;type=image/png' -F none=@empty.
        FormSample(
            "curl", "------------------------509d78fccf4b1c00",
            """
            @
            Content-Disposition: form-data; name="album"

            summer 1
            @
            Content-Disposition: form-data; name="photo"; filename="a.txt"
            Content-Type: text/plain

            hello
            world
            @
            Content-Disposition: form-data; name="odd"; filename="we%22ird\\na me.bin"
            Content-Type: image/png

            \0\u{FF}
            --~
            @
            Content-Disposition: form-data; name="none"; filename="empty"
            Content-Type: application/octet-stream


            @
            Content-Disposition: form-data; name="last"

            ümlaut
            @--

            """,
            [
                .field("album", "summer 1"),
                .file("photo", name: "a.txt", type: "text/plain", data: Array("hello\r\nworld".utf8)),
                .file("odd", name: "we\"ird\\na me.bin", type: "image/png", data: Array("\0\u{FF}\r\n--\r".utf8)),
                .file("none", name: "empty", type: "application/octet-stream", data: []), .field("last", "ümlaut"),
            ]),
        // The same with --form-escape.
        FormSample(
            "curl --form-escape", "------------------------1afc5b281a1bb756",
            """
            @
            Content-Disposition: form-data; name="odd"; filename="we\\"ird\\\\na me.bin"
            Content-Type: application/octet-stream

            x
            @--

            """,
            [
                .file(
                    "odd", name: "we\"ird\\na me.bin", type: "application/octet-stream", data: Array("x".utf8))
            ]),
        // -F 'json={"a":1};type=application/json' -F 'x=@a.txt;filename=dir/b.txt;headers="Content-MD5: …"'.
        FormSample(
            "curl with types and headers", "------------------------e54fdfd13a0a677a",
            """
            @
            Content-Disposition: form-data; name="json"
            Content-Type: application/json

            {"a":1}
            @
            Content-Disposition: form-data; name="x"; filename="dir/b.txt"
            Content-Type: text/plain
            Content-MD5: XUFAKrxLKna5cZ2REBfFkg==

            hello
            world
            @--

            """,
            [
                .field("json", "{\"a\":1}"),
                .file("x", name: "dir/b.txt", type: "text/plain", data: Array("hello\r\nworld".utf8)),
            ]),
        // Captured from requests 2.34.2 with urllib3 2.8.0.
        FormSample(
            "requests", "f48fc60d10b3ad14b50554a01d9755dc",
            """
            @
            Content-Disposition: form-data; name="album"

            é
            @
            Content-Disposition: form-data; name="n"

            1
            @
            Content-Disposition: form-data; name="file"; filename="na%22me%0D%0A.txt"

            one
            @
            Content-Disposition: form-data; name="file"; filename="b.jpg"
            Content-Type: image/jpeg
            X-A: b


            @
            Content-Disposition: form-data; name="naïve"; filename="日本.txt"

            two
            @--

            """,
            [
                .field("album", "é"), .field("n", "1"),
                .file("file", name: "na\"me\r\n.txt", type: nil, data: Array("one".utf8)),
                .file("file", name: "b.jpg", type: "image/jpeg", data: []),
                .file("naïve", name: "日本.txt", type: nil, data: Array("two".utf8)),
            ]),
        // The form of the HTML Standard's encoding algorithm (§4.10.21.8), as Chromium writes it: a boundary of its own
        // kind, an empty file input, a text area whose line ends became CRLF.
        FormSample(
            "Chromium", "----WebKitFormBoundary7MA4YWxkTrZu0gW",
            """
            @
            Content-Disposition: form-data; name="note"

            one
            two

            @
            Content-Disposition: form-data; name="empty"; filename=""
            Content-Type: application/octet-stream


            @
            Content-Disposition: form-data; name="photo[]"; filename="50%25 \\ %22off%22.png"
            Content-Type: image/png

            ----WebKitFormBoundary7MA4YWxkTrZu0gW
            @--

            """,
            [
                .field("note", "one\r\ntwo\r\n"),
                .file("empty", name: "", type: "application/octet-stream", data: []),
                .file(
                    "photo[]", name: "50%25 \\ \"off\".png", type: "image/png",
                    data: Array("----WebKitFormBoundary7MA4YWxkTrZu0gW".utf8)),
            ]),
        // What ufile 3.2.11 sends (filemanager.py `__make_postbody`): no last delimiter.
        FormSample(
            "ufile, Python", "0123456789abcdef0123456789abcdef",
            """
            @
            Content-Disposition: form-data; name="FileName"

            dir/a.txt
            @
            Content-Disposition: form-data; name="Authorization"

            UCloud TOKEN_x:abc=
            @
            Content-Disposition: form-data; name="file"; filename="a.txt"
            Content-Type: text/plain

            hello
            world
            @

            """,
            [
                .field("FileName", "dir/a.txt"), .field("Authorization", "UCloud TOKEN_x:abc="),
                .file("file", name: "a.txt", type: "text/plain", data: Array("hello\r\nworld".utf8)),
            ], toleratesOpenEnd: true),
        // What ufile-gosdk sends (utils.go `makeFormBody`, and the line that `PostFile` adds): an empty part at the end.
        FormSample(
            "ufile, Go", "0123456789abcdef0123456789abcdef",
            """
            @
            Content-Disposition: form-data; name="FileName"

            a.txt
            @
            Content-Disposition: form-data; name="file"; filename="a.txt"
            Content-Type: text/plain; charset=utf-8

            hello
            @

            @--

            """,
            [
                .field("FileName", "a.txt"),
                .file("file", name: "a.txt", type: "text/plain; charset=utf-8", data: Array("hello".utf8)),
            ], toleratesOpenEnd: true),
    ]
}
