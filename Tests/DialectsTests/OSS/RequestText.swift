// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

/// Requests as text, parsed the way a listener parses them.
enum RequestText {
    /// `lines` without line ends: the request line and the header fields.
    static func head(_ lines: [String]) throws -> RequestHead {
        var parser = RequestParser()
        var head = RequestHead()
        let text = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        let consumed = try parser.parse(text.span, into: &head)
        try #require(consumed == text.count)
        return head
    }

    /// An operation, or the error it is refused with.
    static func operation(
        _ lines: [String], baseHost: String? = "oss.example.com", bucket: String? = nil
    ) throws -> OSSOperation {
        try OSSInbound.operation(head: try head(lines), baseHost: baseHost, bucketDefault: bucket).get()
    }

    static func error(
        _ lines: [String], baseHost: String? = "oss.example.com", bucket: String? = nil
    ) throws -> VendorError? {
        switch OSSInbound.operation(head: try head(lines), baseHost: baseHost, bucketDefault: bucket) {
        case .success: nil
        case .failure(let error): error
        }
    }
}

extension OSSOperation {
    var keyText: String { String(octets: key.span) }

    var put: OSSPutOptions? {
        if case .putObject(let options) = action { options } else { nil }
    }

    var get: ReadOptions? {
        switch action {
        case .getObject(let options), .headObject(let options): options
        default: nil
        }
    }
}

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

func fields(_ list: [(String, String)]) -> HeaderFields {
    var fields = HeaderFields()
    for (name, value) in list { fields.append(name: name, value) }
    return fields
}

extension OSSOutbound {
    /// What an upload is to say, beyond its key, with what most tests leave as it is.
    struct Put {
        var clientFields = HeaderFields()
        var client = FieldSource.plain
        var routeFields = HeaderFields()
        var callback: (parameters: String, variables: String?)?
        var framing: BodyFraming
    }

    func put(key: [UInt8], _ put: Put, now: Int64, into request: inout StoreRequest) {
        self.put(
            key: key, clientFields: put.clientFields, client: put.client, routeFields: put.routeFields,
            callback: put.callback, framing: put.framing, now: now, into: &request)
    }
}
