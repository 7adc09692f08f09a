// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import HTTPWire
internal import Octets

/// What a client says of where its request belongs: the id that it gave it, and the trace that it is a part of. An object,
/// made only for requests that say something.
final class RequestTrace: Sendable {
    private static let idLimit = 128

    /// `X-Request-Id`: 1 to 128 letters, digits and `-_.:+/=@`, which are safe in logs, fields, JSON and HTML alike.
    let requestID: [UInt8]?
    let context: TraceContext?

    /// nil for a request that brings neither in an acceptable form.
    static func read(_ fields: HeaderFields) -> RequestTrace? {
        let requestID = requestID(fields)
        let context = fields.contains("traceparent") ? TraceContext(fields) : nil
        return requestID == nil && context == nil ? nil : RequestTrace(requestID, context)
    }

    private init(_ requestID: [UInt8]?, _ context: TraceContext?) {
        self.requestID = requestID
        self.context = context
    }

    private static func requestID(_ fields: HeaderFields) -> [UInt8]? {
        guard let index = fields.firstIndex(of: "x-request-id"),
            fields.nextIndex(of: "x-request-id", from: index + 1) == nil
        else { return nil }
        let value = fields.value(at: index)
        return (1...idLimit).contains(value.count) && value.allSatisfy(isSafe) ? Array(value) : nil
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "-_.:+/=@".utf8.contains(byte)
        }
    }
}

/// The id by which a request is known to everybody: its client's, else Putback's own, which alone is unique.
struct PublicID {
    let own: RequestID
    var trace: RequestTrace?

    func append(to bytes: inout OctetBuffer) {
        guard let id = trace?.requestID else { return own.append(to: &bytes) }
        bytes.append(id.span)
    }

    /// For people and rare answers, not for the data path.
    var text: String { trace?.requestID.map { String(octets: $0.span) } ?? own.text }
}

extension HeaderFields {
    /// Tells another party which request its own belongs to. None of these fields is covered by the signature of any
    /// vendor, so a store that does not know them ignores them.
    mutating func append(_ id: PublicID) {
        if !contains("X-Request-Id") {
            if let own = id.trace?.requestID {
                append("X-Request-Id", bytes: own.span)
            } else {
                append("X-Request-Id", upTo: RequestID.digits) { id.own.write(to: &$0) }
            }
        }
        guard let context = id.trace?.context else { return }
        set("traceparent", bytes: context.parent.span)
        if let state = context.state { set("tracestate", bytes: state.span) }
    }
}
