// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire

/// One part as a form decoder told it.
enum FormPiece: Equatable {
    case field(String, String)
    /// `type` and `md5` are those of the part's header; `data` is nil where the file did not end.
    case file(String, name: String?, type: String?, data: [UInt8]?)
}

/// What became of feeding a form to a decoder, comparable between ways of feeding.
struct FormOutcome: Equatable {
    var pieces: [FormPiece] = []
    /// Of a file that did not end: a decoder may tell fewer bytes of it when it gets less at a time.
    var open: [UInt8]?
    var end = "needs more"

    var ended: Bool { end == "ended" }
}

/// Feeds `bytes` in pieces that end at `cuts` and at the end, and then tells that the body is complete.
func decodeForm(
    _ bytes: [UInt8], boundary: String, cuts: [Int] = [], options: FormOptions = FormOptions()
) -> FormOutcome {
    var outcome = FormOutcome()
    do throws(FormError) {
        var decoder = FormDecoder(boundary: try FormBoundary(Array(boundary.utf8)), options: options)
        var current: FormPart?
        var data: [UInt8] = []
        func take(_ event: FormDecoder.Event, _ piece: [UInt8], _ delimiter: [UInt8]) {
            precondition(!outcome.ended, "nothing is told behind the end")
            switch event {
            case .field(let field): outcome.pieces.append(.field(text(field.name), text(field.value)))
            case .fileBegan(let part):
                precondition(current == nil, "files do not overlap")
                (current, data) = (part, [])
            case .fileBytes(let range):
                precondition(current != nil && !range.isEmpty)
                data += piece[range]
            case .fileBytesHeld(let range):
                precondition(current != nil && !range.isEmpty)
                data += delimiter[range]
            case .fileEnded:
                let part = current!
                outcome.pieces.append(
                    .file(text(part.name), name: part.fileName.map(text), type: part.contentType.map(text), data: data))
                current = nil
            case .ended: outcome.end = "ended"
            }
            outcome.open = current == nil ? nil : data
        }
        var start = 0
        for end in cuts + [bytes.count] {
            let piece = Array(bytes[start..<end])
            var offset = 0
            while true {
                let step = try decoder.decode(piece.span, from: offset)
                offset += step.consumed
                guard let event = step.event else { break }
                take(event, piece, decoder.delimiter)
            }
            precondition(offset == piece.count, "all bytes are read")
            start = end
        }
        while let event = try decoder.decodeEnd() { take(event, [], decoder.delimiter) }
    } catch {
        outcome.end = error.label
    }
    return outcome
}

func decodeForm(
    _ form: String, boundary: String = "b", cuts: [Int] = [], options: FormOptions = FormOptions()
) -> FormOutcome {
    decodeForm(Array(form.utf8), boundary: boundary, cuts: cuts, options: options)
}

/// The form of `parts`, each a header without its empty line and a content, as browsers write it.
func form(_ parts: [(header: String, content: String)], boundary: String = "b") -> String {
    parts.map { "--\(boundary)\r\n\($0.header)\r\n\r\n\($0.content)\r\n" }.joined() + "--\(boundary)--\r\n"
}

/// The `Content-Disposition` of a field or, with a file name, of a file.
func disposition(_ name: String, _ fileName: String? = nil) -> String {
    "Content-Disposition: form-data; name=\"\(name)\"" + (fileName.map { "; filename=\"\($0)\"" } ?? "")
}
