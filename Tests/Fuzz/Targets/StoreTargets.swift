// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets

@testable import Dialects

/// An answer that says it failed never makes an object stored, and nothing is verified that was not compared.
///
/// The first byte chooses dialect and operation; the rest is what the store sent.
func fuzzVerdicts(_ bytes: [UInt8]) {
    guard let choice = bytes.first else { return }
    let text = bytes[1...]
    var head = ResponseHead()
    var parser = ResponseParser(requestMethod: .put)
    guard let end = (try? parser.parse(text.span, into: &head)) ?? nil else { return }
    let answer = WireAnswer(status: head.status, fields: head.fields, body: Array(text.dropFirst(end)))
    let operations: [StoreOperation] = [
        .putObject, .putPart(uploadID: [1], number: 1), .completeUpload(uploadID: [1]), .appendObject(position: 9),
    ]
    let operation = operations[Int(choice >> 3) % operations.count]
    let callbackAsked = choice & 0x04 != 0
    let name = DialectName.allCases[Int(choice & 3) % DialectName.allCases.count]
    let streamed = Checksums(
        crc64: 1, md5: [UInt8](repeating: 0, count: 16), us3ETag: String(repeating: "A", count: 32))
    let verdict = name.dialect.judge(answer, to: operation, streamed: streamed, callbackAsked: callbackAsked)
    let unchecked = name.dialect.judge(answer, to: operation, streamed: Checksums(), callbackAsked: callbackAsked)
    if case .stored(let facts) = unchecked {
        precondition(!facts.isVerified, "verified against nothing")
        precondition(mayBeStored(answer.status, name, operation, callbackAsked), "a failure is a stored object")
    }
    if case .stored(let facts) = verdict, facts.isVerified {
        let values = ["x-oss-hash-crc64ecma", "x-tos-hash-crc64ecma", "Content-MD5", "ETag"]
        precondition(values.contains { answer.fields.contains($0) }, "verified against nothing")
    }
    // What is read of any answer, for people and for clients.
    let document = name.dialect.errorDocument(answer)
    _ = name.dialect.cause(document)
    _ = name.dialect.facts(ofHead: answer.fields)
    if let created = name.dialect.created(answer) {
        precondition(!created.uploadID.isEmpty, "an upload without an id")
        precondition(created.partBytes != 0, "parts of no size")
    }
}

/// US3 passes the app's own status on, and says of a part that it has already that this is an error.
private func mayBeStored(
    _ status: Int, _ name: DialectName, _ operation: StoreOperation, _ callbackAsked: Bool
) -> Bool {
    if status == 200 || status == 201 && name == .us3 { return true }
    return name == .us3 && callbackAsked
}

/// A document cut short is refused, unless only what follows its end is missing.
func fuzzXML(_ bytes: [UInt8]) {
    guard let cut = bytes.first else { return }
    let document = bytes[1...]
    let whole = steps(document)
    guard let whole else { return }
    var depth = 0
    for step in whole {
        switch step {
        case .open(let name):
            precondition(depth < 32 && !(depth == 0 && step != whole.first), "too deep, or a second root")
            precondition(!name.contains("<"), "a name with markup")
            depth += 1
        case .close: depth -= 1
        case .text: precondition(depth > 0, "text outside of the root")
        }
        precondition(depth >= 0, "more ends than beginnings")
    }
    precondition(depth == 0 && !whole.isEmpty, "an element that never ends")
    if let part = steps(document.prefix(document.count * Int(cut) / 256)) {
        precondition(part == whole, "a document that was cut means something else")
    }
    // The lenient reader of what stores send reads the same bytes.
    let scanner = XMLScanner(document.span)
    for case .open(let name) in whole.prefix(8) { _ = scanner.text(name) }
}

/// All of a document; nil if it is refused.
private func steps(_ document: ArraySlice<UInt8>) -> [XMLReader.Step]? {
    var reader = XMLReader(document.span)
    var steps: [XMLReader.Step] = []
    do throws(XMLReader.Malformed) {
        while let step = try reader.next() { steps.append(step) }
    } catch {
        precondition(error.offset <= document.count, "a fault behind the end")
        return nil
    }
    return steps
}

/// What is sent of an object lies within it.
///
/// The first eight bytes are the object's size, the rest is the field.
func fuzzRanges(_ bytes: [UInt8]) {
    guard bytes.count > 8 else { return }
    let size = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let field = bytes[8...]
    for isStandard in [false, true] {
        guard let range = ByteRange(field.span, isStandard: isStandard) else { continue }
        for size in [size, size % 1000, 0] {
            guard case .part(let part) = range.resolve(size: size) else { continue }
            precondition(!part.isEmpty && part.upperBound <= size, "a range beside the object")
        }
    }
}
