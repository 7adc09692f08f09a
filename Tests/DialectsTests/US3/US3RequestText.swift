// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Octets
import Signing
import Testing

@testable import Dialects

/// Requests of US3's clients as text, parsed the way a listener parses them.
enum US3RequestText {
    static let place = ListenerPlace(baseHost: "cn-bj.ufileos.com", bucket: "listened")

    static func request(_ lines: [String], at place: ListenerPlace = place) throws -> ClientRequest {
        try US3Dialect().read(try RequestText.head(lines), at: place)
    }

    static func error(_ lines: [String], at place: ListenerPlace = place) throws -> VendorError? {
        let head = try RequestText.head(lines)
        do throws(VendorError) {
            _ = try US3Dialect().read(head, at: place)
            return nil
        } catch {
            return error
        }
    }

    /// A request to the bucket `demobucket` by its own host name.
    static func lines(_ line: String, _ more: String...) -> [String] {
        ["\(line) HTTP/1.1", "Host: demobucket.cn-bj.ufileos.com"] + more
    }
}

/// The key of the vectors.
let us3Key = AccessKey(
    id: "TOKEN_11111111-2222-3333-4444-555555555555", secret: Array("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".utf8))

func us3Store(_ addressing: Addressing = .virtualHost, _ authority: String = "cn-bj.ufileos.com") -> StoreIdentity {
    StoreIdentity(key: us3Key, region: "", signature: nil, addressing: addressing, authority: authority)
}

let us3Context = AnswerContext(
    requestID: "5C3D9778CC1C2AEDF85B0001", host: "demobucket.cn-bj.ufileos.com", now: 1_700_000_000,
    elapsedMilliseconds: 3, keepAlive: true)

func lines(_ fields: HeaderFields) -> [String] {
    fields.indices.map { "\(text(fields.name(at: $0))): \(text(fields.value(at: $0)))" }
}

func us3Answer(_ status: Int, _ body: String = "", _ list: [(String, String)] = []) -> WireAnswer {
    WireAnswer(status: status, fields: fields(list), body: Array(body.utf8))
}
