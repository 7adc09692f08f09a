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

    /// A request, or the error it is refused with.
    static func operation(
        _ lines: [String], baseHost: String? = "oss.example.com", bucket: String? = nil
    ) throws -> ClientRequest {
        try OSSDialect().read(try head(lines), at: ListenerPlace(baseHost: baseHost, bucket: bucket))
    }

    static func error(
        _ lines: [String], baseHost: String? = "oss.example.com", bucket: String? = nil
    ) throws -> VendorError? {
        let head = try head(lines)
        do throws(VendorError) {
            _ = try OSSDialect().read(head, at: ListenerPlace(baseHost: baseHost, bucket: bucket))
            return nil
        } catch {
            return error
        }
    }
}

extension ClientRequest {
    var keyText: String { String(octets: key.span) }
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
        var bucket = "examplebucket"
        var clientFields = HeaderFields()
        var client = FieldSource.plain
        var routeFields = HeaderFields()
        var callback: StoreCallback?
        var framing = BodyFraming.none
    }

    func write(
        _ operation: StoreOperation, key: String, _ put: Put = Put(), now: Int64, into request: inout StoreRequest
    ) {
        write(
            operation, bucket: put.bucket, key: Array(key.utf8), clientFields: put.clientFields, from: put.client,
            routeFields: put.routeFields, callback: put.callback, framing: put.framing, now: now, into: &request)
    }
}

extension StoreIdentity {
    /// The store of the vectors.
    static func example(
        _ addressing: Addressing, _ authority: String = "127.0.0.1:9000", signature: OSSSignatureVersion = .v4,
        token: String? = nil
    ) -> StoreIdentity {
        StoreIdentity(
            key: OSSRoundTripTests.credentials(token), region: "cn-hangzhou", signature: signature.rawValue,
            addressing: addressing, authority: authority)
    }
}
