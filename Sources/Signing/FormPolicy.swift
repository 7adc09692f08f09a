// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// The policy of a form upload: until when, and with which fields, its signature is good for.
///
/// OSS and TOS have the same document; they differ in the fields that sign it and in what they say of a broken one.
/// Source: "PostObject" of the OSS API reference; TOS documents 129225 and its Go SDK (`PreSignedPostSignature`).
package struct FormPolicy: Sendable {
    /// What must hold of one field, or of the file.
    package enum Rule: Sendable, Equatable {
        case equals(String)
        case startsWith(String)
        case isOneOf([String])
        case isNoneOf([String])
        /// Of the file, in bytes; there is no field.
        case length(ClosedRange<UInt64>)
    }

    package struct Condition: Sendable, Equatable {
        /// Lower-case name of the field; `content-length-range` for the length.
        package let field: String
        package let rule: Rule
        /// As the document says it, for the message of a refusal.
        package let text: String
    }

    /// Unix milliseconds.
    package let expiration: Int64
    package let conditions: [Condition]
    /// The lengths in bytes that a file may have by all conditions on it; nil if there is none.
    package let lengthRange: ClosedRange<UInt64>?

    /// Reads a policy as the form carries it.
    ///
    /// - Parameter base64: the text of the field, which is what a signature covers.
    package init(base64: Span<UInt8>) throws(FormPolicyFailure) {
        guard let document = Base64.decode(base64) else { throw .notBase64 }
        try self.init(document: document.span)
    }

    /// Reads the document.
    package init(document: Span<UInt8>) throws(FormPolicyFailure) {
        let plain = Self.withoutEscapedDollars(document)
        var json = JSON.null
        do throws(JSONError) {
            json = try JSON.parse(plain.span, maximumDepth: 8)
        } catch {
            throw .notJSON(error.description)
        }
        guard json.objectValue != nil else { throw .notJSON("no object") }
        guard let date = json["expiration"] else { throw .missing("expiration") }
        guard let text = date.stringValue, let expiration = ISO8601.parseExtended(text.utf8.span) else {
            throw .badExpiration(date.text)
        }
        guard let list = json["conditions"] else { throw .missing("conditions") }
        guard let elements = list.arrayValue else { throw .badCondition(list.text) }
        self.expiration = expiration
        var conditions: [Condition] = []
        for element in elements { conditions += try Self.conditions(element) }
        self.conditions = conditions
        lengthRange = try Self.lengthRange(conditions)
    }

    private static func lengthRange(_ conditions: [Condition]) throws(FormPolicyFailure) -> ClosedRange<UInt64>? {
        var result: ClosedRange<UInt64>?
        for condition in conditions {
            guard case .length(let range) = condition.rule else { continue }
            let other = result ?? range
            guard range.overlaps(other) else { throw .badCondition(condition.text) }
            result = range.clamped(to: other)
        }
        return result
    }

    // MARK: Holding

    /// Whether a condition wants the field to have exactly one value; `field` is lower-case.
    package func pins(_ field: String) -> Bool {
        conditions.contains { condition in
            if case .equals = condition.rule { condition.field == field } else { false }
        }
    }

    /// Refuses a form that comes too late, or whose fields break a condition. The length of the file is the caller's to
    /// hold against ``lengthRange``.
    ///
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - value: of the field with that lower-case name, before variables in it are replaced; nil: there is none.
    package func check(now: Int64, value: (String) -> [UInt8]?) throws(FormPolicyFailure) {
        guard now <= expiration / 1000 else { throw .expired }
        for condition in conditions {
            let value = value(condition.field)
            let holds =
                switch condition.rule {
                case .equals(let wanted): value?.elementsEqual(wanted.utf8) ?? wanted.isEmpty
                case .startsWith(let prefix): (value ?? []).starts(with: prefix.utf8)
                case .isOneOf(let list): list.contains { (value ?? []).elementsEqual($0.utf8) }
                case .isNoneOf(let list): !list.contains { (value ?? []).elementsEqual($0.utf8) }
                case .length: true
                }
            guard holds else { throw .conditionFailed(condition.text) }
        }
    }

    // MARK: Reading

    private static func conditions(_ json: JSON) throws(FormPolicyFailure) -> [Condition] {
        if let members = json.objectValue {
            guard !members.isEmpty else { throw .badCondition(json.text) }
            var conditions: [Condition] = []
            for (name, value) in members {
                guard let text = value.stringValue, !name.isEmpty else { throw .badCondition(json.text) }
                conditions.append(Condition(field: name.lowercased(), rule: .equals(text), text: json.text))
            }
            return conditions
        }
        guard let list = json.arrayValue, list.count == 3, let kind = list[0].stringValue else {
            throw .badCondition(json.text)
        }
        if kind.lowercased() == lengthField {
            guard let least = number(list[1]), let most = number(list[2]), least <= most else {
                throw .badLengthRange(json.text)
            }
            return [Condition(field: lengthField, rule: .length(least...most), text: json.text)]
        }
        guard let field = list[1].stringValue, field.hasPrefix("$"), field.utf8.count > 1,
            let rule = rule(kind.lowercased(), list[2])
        else { throw .badCondition(json.text) }
        return [Condition(field: field.dropFirst().lowercased(), rule: rule, text: json.text)]
    }

    private static func rule(_ kind: String, _ value: JSON) -> Rule? {
        switch kind {
        case "eq": value.stringValue.map(Rule.equals)
        case "starts-with": value.stringValue.map(Rule.startsWith)
        case "in": strings(value).map(Rule.isOneOf)
        case "not-in": strings(value).map(Rule.isNoneOf)
        default: nil
        }
    }

    private static func strings(_ json: JSON) -> [String]? {
        guard let elements = json.arrayValue else { return nil }
        let strings = elements.compactMap(\.stringValue)
        return strings.count == elements.count ? strings : nil
    }

    private static func number(_ json: JSON) -> UInt64? {
        guard let number = json.integerValue else { return nil }
        return UInt64(exactly: number)
    }

    /// The document with `\$`, which JSON does not know, as `$`.
    private static func withoutEscapedDollars(_ document: Span<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(document.count)
        var index = 0
        while index < document.count {
            let byte = document[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < document.count else {
                plain.append(byte)
                continue
            }
            if document[index] != UInt8(ascii: "$") { plain.append(byte) }
            plain.append(document[index])
            index += 1
        }
        return plain
    }

    private static let lengthField = "content-length-range"
}

/// Why a form's policy is refused.
package enum FormPolicyFailure: Error, Sendable, Equatable {
    case notBase64
    /// What is wrong, and where.
    case notJSON(String)
    /// The member that is not there.
    case missing(String)
    /// The value, as JSON.
    case badExpiration(String)
    /// The condition, as JSON.
    case badCondition(String)
    /// The condition on the file's length, as JSON.
    case badLengthRange(String)
    case expired
    /// The condition, as JSON.
    case conditionFailed(String)
}
