// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// What an `Authorization` field says.
enum OSSAuthorization {
    case v1(id: String, signature: [UInt8])
    /// `additional` holds the names as sent, joined with semicolons.
    case v4(credential: OSSCredentialScope, additional: [UInt8], signature: [UInt8])

    /// Reads the field in each of the spellings of the SDKs: elements of V4 in any order, blanks around them optional.
    ///
    /// Source: oss/signer/v4.go of the Go SDK v2, oss2 `ProviderAuthV4`. V2 (`OSS2 …`) is refused as malformed.
    init(_ value: ArraySlice<UInt8>) throws(OSSAuthFailure) {
        guard let space = value.firstIndex(of: UInt8(ascii: " ")) else { throw .malformedAuthorization }
        let rest = value[(space + 1)...]
        if value[..<space].elementsEqual("OSS".utf8) {
            self = try Self.v1(rest)
        } else if value[..<space].elementsEqual("OSS4-HMAC-SHA256".utf8) {
            self = try Self.v4(rest)
        } else {
            throw .malformedAuthorization
        }
    }

    private static func v1(_ value: ArraySlice<UInt8>) throws(OSSAuthFailure) -> OSSAuthorization {
        guard let colon = value.firstIndex(of: UInt8(ascii: ":")), colon > value.startIndex,
            colon + 1 < value.endIndex
        else { throw .malformedAuthorization }
        return .v1(id: text(value[..<colon]), signature: Array(value[(colon + 1)...]))
    }

    private static func v4(_ value: ArraySlice<UInt8>) throws(OSSAuthFailure) -> OSSAuthorization {
        var credential: ArraySlice<UInt8>?
        var additional: ArraySlice<UInt8>?
        var signature: ArraySlice<UInt8>?
        for element in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let element = trimmed(element)
            guard let equals = element.firstIndex(of: UInt8(ascii: "=")) else { throw .malformedAuthorization }
            let value = element[(equals + 1)...]
            switch text(element[..<equals]) {
            case "Credential" where credential == nil: credential = value
            case "AdditionalHeaders" where additional == nil: additional = value
            case "Signature" where signature == nil: signature = value
            default: throw .malformedAuthorization
            }
        }
        guard let credential, let signature, !signature.isEmpty else { throw .malformedAuthorization }
        if let additional { try checkAdditional(additional) }
        return .v4(
            credential: try OSSCredentialScope(credential), additional: additional.map(Array.init) ?? [],
            signature: Array(signature))
    }

    /// A list of additional names must have elements, and none may be empty.
    static func checkAdditional(_ names: ArraySlice<UInt8>) throws(OSSAuthFailure) {
        guard !names.isEmpty else { throw .emptyAdditionalHeaders }
        let elements = names.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard !elements.contains(where: \.isEmpty) else { throw .emptyAdditionalHeader }
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String { String(octets: bytes.span) }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let blanks: [UInt8] = [0x20, 0x09]
        let start = text.firstIndex { !blanks.contains($0) } ?? text.endIndex
        let end = text.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? start
        return text[start..<end]
    }
}

/// The five elements of a V4 credential: key id, day, region, product and a fixed word.
struct OSSCredentialScope {
    let id: String
    /// `YYYYMMDD`, a day that exists.
    let day: [UInt8]
    let region: [UInt8]
    let product: [UInt8]

    init(_ value: ArraySlice<UInt8>) throws(OSSAuthFailure) {
        let elements = value.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard elements.count == 5, !elements[0].isEmpty, !elements[3].isEmpty,
            elements[4].elementsEqual(OSSScopeKey.terminator)
        else { throw .malformedCredential }
        let start = Array(elements[1]) + Self.midnight
        guard ISO8601.parseBasic(start.span) != nil else { throw .invalidCredentialDate }
        guard Self.isRegion(elements[2]) else { throw .invalidRegion }
        id = OSSAuthorization.text(elements[0])
        day = Array(elements[1])
        region = Array(elements[2])
        product = Array(elements[3])
    }

    private static func isRegion(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
            }
    }

    private static let midnight = Array("T000000Z".utf8)
}
