// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Digests
import HTTPWire
import Octets

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}

extension String {
    var bytes: [UInt8] { [UInt8](utf8) }
}

// The expectation macros cannot look into calls that take a span, so these do it for them.

func parsedJSON(_ bytes: [UInt8]) throws -> JSON { try JSON.parse(bytes.span) }
func base64(_ text: String) -> String { Base64.encode(text.utf8.span) }
func base64Decoded(_ text: String) -> [UInt8]? { Base64.decode(text.utf8.span) }
func percentDecoded(_ bytes: [UInt8]) -> [UInt8]? { Percent.decode(bytes.span) }

extension HeaderFields {
    init(_ fields: [(String, String)]) {
        self.init()
        for (name, value) in fields { append(name: name, value) }
    }

    var lines: [String] {
        (0..<count).map { "\([UInt8](name(at: $0)).text): \([UInt8](value(at: $0)).text)" }
    }
}

extension RSAPublicKey {
    func signs(_ text: [UInt8], with signature: [UInt8]) -> Bool {
        verifyPKCS1MD5(text.span, signature: signature.span)
    }
}

/// A linear congruential generator, so that random cases are the same in every run (constants of Knuth's MMIX).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func roll(_ upperBound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(upperBound))
    }

    /// Bytes that are likely to break a careless writer: delimiters of JSON, forms, URLs and headers, and controls.
    mutating func hostileBytes() -> [UInt8] {
        let alphabet = Array("\"\\{}[]:,&=?#%+/;$(){}' \r\n\t\0<>az09.éß漢\u{1F600}\u{2028}".utf8)
        return (0..<roll(24)).map { _ in roll(4) == 0 ? UInt8(roll(256)) : alphabet[roll(alphabet.count)] }
    }
}

extension CallbackFacts {
    static func sample(
        object: [UInt8] = "photos/a b.jpg".bytes, image: Image? = nil, custom: [CustomVariable] = []
    ) -> CallbackFacts {
        CallbackFacts(
            bucket: "media", object: object, etag: "5D41402ABC4B2A76B9719D911017C592", size: 5, mimeType: "image/jpeg",
            crc64: 3_231_342_946_509_354_535, contentMD5: "XUFAKrxLKna5cZ2REBfFkg==", clientIP: "192.0.2.7",
            requestID: "5C3D9778CC1C2AEDF85B0001", operation: "PutObject", image: image, custom: custom)
    }
}

extension CallbackPolicy {
    static func sample(
        urls: [String] = ["http://app:8000/uploaded"], host: String? = nil, type: CallbackContentType = .json,
        body: String = "{\"object\":${object}}", variables: [(String, String)] = [],
        timeoutMilliseconds: Int = CallbackPolicy.defaultTimeoutMilliseconds, onFailure: FailureRule = FailureRule()
    ) throws -> CallbackPolicy {
        CallbackPolicy(
            name: "uploaded", urls: urls, host: host, contentType: type, body: try Template(parsing: body),
            variables: try variables.map { Variable(name: $0.0, template: try Template(parsing: $0.1)) },
            timeoutMilliseconds: timeoutMilliseconds, onFailure: onFailure)
    }
}
