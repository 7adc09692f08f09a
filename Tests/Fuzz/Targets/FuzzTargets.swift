// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Dialects
import HTTPWire
import Octets
import Settings
import Signing

/// Each takes bytes from anywhere; besides not trapping it holds the parser to a promise.
let fuzzTargets: [String: @Sendable ([UInt8]) -> Void] = [
    "heads": fuzzHeads,
    "answers": fuzzAnswers,
    "chunks": fuzzChunks,
    "forms": fuzzForms,
    "query": fuzzQuery,
    "json": fuzzJSON,
    "templates": fuzzTemplates,
    "callbacks": fuzzCallbackParameters,
    "images": fuzzImages,
    "signatures": fuzzSignatures,
    "completions": fuzzCompletions,
    "policies": fuzzPolicies,
    "putpolicies": fuzzPutPolicies,
    "clientcallbacks": fuzzClientCallbacks,
    "verdicts": fuzzVerdicts,
    "xml": fuzzXML,
    "ranges": fuzzRanges,
    "config": fuzzConfig,
    "oss": { fuzzRequests(OSSDialect(), $0) },
    "tos": { fuzzRequests(TOSDialect(), $0) },
    "us3": { fuzzRequests(US3Dialect(), $0) },
]

private func split(_ bytes: [UInt8]) -> (at: Int, rest: ArraySlice<UInt8>) {
    guard let first = bytes.first else { return (0, []) }
    return (Int(first), bytes.dropFirst())
}

/// However a head is cut into pieces, it means the same.
private func fuzzHeads(_ bytes: [UInt8]) {
    let (cut, text) = split(bytes)
    var whole = RequestHead()
    let first = outcome { () throws(WireError) in
        var parser = RequestParser()
        return try parser.parse(text.span, into: &whole)
    }
    var pieced = RequestHead()
    let piece = text.prefix(cut)
    let second = outcome { () throws(WireError) in
        var parser = RequestParser()
        if let early = try parser.parse(piece.span, into: &pieced) { return early }
        return try parser.parse(text.span, into: &pieced)
    }
    precondition(first == second, "the same bytes in two pieces have another result")
    precondition(whole == pieced, "the same bytes in two pieces are another head")
}

private enum Outcome: Equatable {
    case needsMore
    case complete(Int)
    case refused(String)
}

private func outcome(_ parse: () throws(WireError) -> Int?) -> Outcome {
    do throws(WireError) {
        return try parse().map { .complete($0) } ?? .needsMore
    } catch {
        return .refused(error.code.rawValue)
    }
}

private func fuzzAnswers(_ bytes: [UInt8]) {
    let (cut, text) = split(bytes)
    var head = ResponseHead()
    let first = outcome { () throws(WireError) in
        var parser = ResponseParser(requestMethod: .put)
        return try parser.parse(text.span, into: &head)
    }
    let piece = text.prefix(cut)
    let second = outcome { () throws(WireError) in
        var parser = ResponseParser(requestMethod: .put)
        if let early = try parser.parse(piece.span, into: &head) { return early }
        return try parser.parse(text.span, into: &head)
    }
    precondition(first == second, "the same bytes in two pieces have another result")
}

/// However a chunked body is cut into pieces, it holds the same data.
private func fuzzChunks(_ bytes: [UInt8]) {
    let (cut, text) = split(bytes)
    let whole = decode([text])
    let pieces = decode([text.prefix(cut), text.dropFirst(cut)])
    precondition(whole.data == pieces.data, "the same chunks in two pieces hold other data")
    precondition(whole.end == pieces.end, "the same chunks in two pieces end otherwise")
}

private func decode(_ pieces: [ArraySlice<UInt8>]) -> (data: [UInt8], end: String) {
    var decoder = ChunkedDecoder()
    var data: [UInt8] = []
    for piece in pieces {
        var offset = 0
        while offset < piece.count, !decoder.isComplete {
            do throws(WireError) {
                let step = try decoder.decode(piece.span, from: offset)
                precondition(step.consumed > 0, "a step reads something")
                data += piece[(piece.startIndex + step.data.lowerBound)..<(piece.startIndex + step.data.upperBound)]
                offset += step.consumed
            } catch {
                return (data, error.code.rawValue)
            }
        }
    }
    return (data, decoder.isComplete ? "complete" : "needs more")
}

/// However a form is cut into pieces, it holds the same; its first line is the Content-Type.
private func fuzzForms(_ bytes: [UInt8]) {
    let (cut, text) = split(bytes)
    let line = text.firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
    let type = text[..<line]
    guard FormBoundary.isForm(type.span), let boundary = try? FormBoundary(contentType: type.span) else { return }
    let body = text[line...].dropFirst()
    for toleratesOpenEnd in [false, true] {
        var options = FormOptions()
        options.toleratesOpenEnd = toleratesOpenEnd
        options.fileField = "file"
        options.partCount = 10
        options.fieldBytes = 100
        let whole = decode([body], boundary, options)
        let pieces = decode([body.prefix(cut), body.dropFirst(cut)], boundary, options)
        precondition(whole == pieces, "the same form in two pieces is another one")
    }
}

/// What a form holds: names and contents, with the length of each, and how it ends.
private func decode(_ pieces: [ArraySlice<UInt8>], _ boundary: FormBoundary, _ options: FormOptions) -> [UInt8] {
    var decoder = FormDecoder(boundary: boundary, options: options)
    var told: [UInt8] = []
    var file: [UInt8] = []
    func take(_ event: FormDecoder.Event, _ piece: ArraySlice<UInt8>, _ delimiter: [UInt8]) {
        switch event {
        case .field(let name, let value):
            told.append("field \(name.count) \(value.count) ")
            told += name + value
        case .fileBegan(let part):
            file = []
            told.append("file \(part.name.count) \(part.fileName?.count ?? -1) ")
            told += part.name + (part.fileName ?? [])
        case .fileBytes(let range):
            file += piece[(piece.startIndex + range.lowerBound)..<(piece.startIndex + range.upperBound)]
        case .fileBytesHeld(let range): file += delimiter[range]
        case .fileEnded:
            told.append("ended \(file.count) ")
            told += file
        case .ended: told.append("over")
        }
    }
    do throws(FormError) {
        for piece in pieces {
            var offset = 0
            while true {
                let step = try decoder.decode(piece.span, from: offset)
                offset += step.consumed
                guard let event = step.event else { break }
                take(event, piece, decoder.delimiter)
            }
            precondition(offset == piece.count, "a form is read to its end")
        }
        while let event = try decoder.decodeEnd() { take(event, [], decoder.delimiter) }
    } catch {
        told.append("refused " + error.label)
    }
    return told
}

private func fuzzQuery(_ bytes: [UInt8]) {
    guard let items = QueryItems(bytes.span) else { return }
    var text: [UInt8] = []
    for (index, item) in items.items.enumerated() {
        if index > 0 { text.append(UInt8(ascii: "&")) }
        text.appendPercentEncoded(item.name.span, keeping: .unreserved)
        if item.hadEquals { text.append(UInt8(ascii: "=")) }
        text.appendPercentEncoded(item.value.span, keeping: .unreserved)
    }
    precondition(QueryItems(text.span) == items, "encoding what was decoded gives it back")
}

/// What is read and written again is read as the same.
private func fuzzJSON(_ bytes: [UInt8]) {
    guard let value = try? JSON.parse(bytes.span) else { return }
    var text: [UInt8] = []
    value.write(to: &text)
    precondition((try? JSON.parse(text.span)) == value, "what was written reads otherwise")
}

/// A value can never change the shape of a JSON text.
private func fuzzTemplates(_ bytes: [UInt8]) {
    let (length, rest) = split(bytes)
    let text = rest.prefix(length)
    guard let source = String(validating: text.span),
        let template = try? Template(parsing: source)
    else { return }
    let value = Array(rest.dropFirst(length))
    let plain = template.render(.json) { _ in Array("1".utf8) }
    let rendered = template.render(.json) { $0.isNumber ? Array("1".utf8) : value }
    guard let expected = try? JSON.parse(plain.span) else { return }
    let found = try? JSON.parse(rendered.span)
    precondition(found.map(shape) == shape(expected), "a value changed the shape of a JSON text")
    _ = template.render(.key) { _ in value }
    _ = template.render(.form) { _ in value }
    let field = template.render(.headerValue) { _ in value }
    let constant = template.render(.headerValue) { _ in [] }
    precondition(
        HeaderFields.isValidValue(field.span) || !HeaderFields.isValidValue(constant.span), "a value broke a field")
}

/// Kinds and counts, without the texts.
private func shape(_ value: JSON) -> String {
    switch value {
    case .null: "0"
    case .bool: "b"
    case .number: "n"
    case .string: "s"
    case .array(let items): "[" + items.map(shape).joined(separator: ",") + "]"
    case .object(let members): "{" + members.map { shape($0.value) }.joined(separator: ",") + "}"
    }
}

private func fuzzCallbackParameters(_ bytes: [UInt8]) {
    let (length, rest) = split(bytes)
    let (first, second) = (rest.prefix(length), rest.dropFirst(length))
    let callback = Base64.encode(first.span)
    let variables = Base64.encode(second.span)
    for vendor in CallbackVendor.allCases {
        let codec = CallbackCodec(vendor)
        _ = try? codec.decode(callback: callback.utf8.span, variables: variables.utf8.span)
        _ = try? codec.decode(callback: rest.span)
    }
}

/// However an object is cut into pieces, it is the same image, and what was decided stays.
private func fuzzImages(_ bytes: [UInt8]) {
    let (cut, object) = split(bytes)
    var whole = ImageHead()
    whole.add(object.span)
    var pieced = ImageHead()
    let (first, second) = (object.prefix(cut), object.dropFirst(cut))
    pieced.add(first.span)
    let early = pieced.isDecided ? pieced.image : nil
    let wasDecided = pieced.isDecided
    pieced.add(second.span)
    precondition(whole.image == pieced.image, "the same object in two pieces is another image")
    precondition(whole.isDecided == pieced.isDecided, "the same object in two pieces is decided otherwise")
    precondition(!wasDecided || pieced.image == early, "what was decided has changed")
    if let image = whole.image {
        precondition(image.width > 0 && image.height > 0, "an image has a size")
    }
}

/// Nobody who lacks the secret is let in.
private func fuzzSignatures(_ bytes: [UInt8]) {
    var head = RequestHead()
    var parser = RequestParser()
    guard (try? parser.parse(bytes.span, into: &head)) ?? nil != nil else { return }
    let rawQuery = head.query ?? []
    guard let query = QueryItems(rawQuery.span),
        let key = PathText.decodeKey(head.path.span)
    else { return }
    let resource = OSSResource(
        bucket: "bucket", key: key, parameters: query.items.map { (name: $0.name, value: $0.value) })
    let verifier = OSSVerifier(region: nil)
    let result = verifier.verify(method: "PUT", resource: resource, fields: head.fields, now: 1_700_000_000) { id in
        AccessKey(id: id, secret: Array("a secret that no input holds".utf8), token: nil)
    }
    if case .authenticated = result { preconditionFailure("let in without the secret") }
}

private func fuzzConfig(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes.span) else { return }
    let result = SettingsLoader.load(text: text, secrets: .assumed)
    precondition(
        (result.settings == nil) == result.hasErrors, "settings come without errors, and errors without settings")
}
