// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// What an `Authorization` field of TOS says.
struct TOSAuthorization {
    let credential: TOSCredential
    let signedNames: ArraySlice<UInt8>
    let signature: ArraySlice<UInt8>

    /// Reads the field in each of the spellings of the SDKs: the parts in any order, with blanks behind the commas (Python,
    /// JavaScript, PHP) or without (Go, Java, C++).
    init(_ value: ArraySlice<UInt8>) throws(TOSAuthFailure) {
        guard value.starts(with: "TOS4-HMAC-SHA256 ".utf8) else { throw .headerAlgorithm }
        var credential: ArraySlice<UInt8>?
        var signedNames: ArraySlice<UInt8>?
        var signature: ArraySlice<UInt8>?
        var rest = value.dropFirst("TOS4-HMAC-SHA256 ".utf8.count)
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
            let part = rest[..<end].drop { $0 == 0x20 }
            rest = rest[end...].dropFirst()
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { throw .malformed }
            let (name, value) = (part[..<equals], part[(equals + 1)...])
            if name.elementsEqual("Credential".utf8), credential == nil {
                credential = value
            } else if name.elementsEqual("SignedHeaders".utf8), signedNames == nil {
                signedNames = value
            } else if name.elementsEqual("Signature".utf8), signature == nil {
                signature = value
            } else {
                throw .malformed
            }
        }
        guard let credential = credential.flatMap({ TOSCredential($0) }), let signedNames, let signature else {
            throw .malformed
        }
        self.credential = credential
        self.signedNames = signedNames
        self.signature = signature
    }
}

/// `ID/YYYYMMDD/region/tos/request`; the id may have slashes.
struct TOSCredential {
    let id: ArraySlice<UInt8>
    let day: ArraySlice<UInt8>
    let region: ArraySlice<UInt8>

    init?(_ text: ArraySlice<UInt8>) {
        var rest = text
        guard Self.takeLast(&rest)?.elementsEqual("request".utf8) ?? false,
            Self.takeLast(&rest)?.elementsEqual("tos".utf8) ?? false,
            let region = Self.takeLast(&rest), let day = Self.takeLast(&rest), day.count == 8, !rest.isEmpty
        else { return nil }
        id = rest
        self.day = day
        self.region = region
    }

    /// What stands behind the last slash.
    private static func takeLast(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let slash = text.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        defer { text = text[..<slash] }
        return text[(slash + 1)...]
    }
}
