// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A callback parameter that a vendor refuses before anything is stored: 400 `InvalidArgument`.
///
/// TOS has one sub-code for all of them (page 1189408) and publishes neither code nor sentences; they are those of OSS.
/// Of OSS, messages are the service's own (OSS, "HTTP status code 400" troubleshooting page); numbers are those of the pages
/// `0007-…` of its error reference. Where no text is published, the sentence is ours and says so in a comment.
package struct CallbackParameterError: Error, Sendable, Equatable {
    /// HTTP status of every refusal.
    package static let status = 400
    /// Text of the element `Code`.
    package static let code = "InvalidArgument"

    /// Text of the element `Message`.
    package let message: String
    /// The error sub-code, where the service publishes one.
    package let ec: String?
    /// Text of the element `ArgumentName`; documents of TOS have none.
    package let argumentName: String
    /// Text of the element `ArgumentValue`, which those of TOS lack too: the decoded JSON, or the value as sent when it could not be decoded.
    package let argumentValue: String

    package init(message: String, ec: String?, argumentName: String, argumentValue: String) {
        self.message = message
        self.ec = ec
        self.argumentName = argumentName
        self.argumentValue = argumentValue
    }

    /// Every refusal, with its place in the table of the service.
    package enum Reason: Sendable, CaseIterable {
        case tooLong, notBase64, notJSON
        case badURL, tooManyURLs, unresolvableHost, privateAddress, badHost
        case bodyNotString, bodyEmpty, bodyTypeNotString, bodyTypeUnsupported
        case badVariableForm, badSNI, badAdditionalHeaders, unknownPolicy
        case headerAndQuery, variablesHeaderAndQuery
        case variablesTooLong, variablesNotBase64, variablesNotJSON, variablesNotStringMap
    }

    package init(_ reason: Reason, value: String, vendor: CallbackVendor) {
        let entry = Self.entry(reason)
        let message = vendor == .oss ? entry.message : entry.message.replacing("x-oss-", with: "x-\(vendor.rawValue)-")
        let ec =
            switch vendor {
            case .oss: entry.ec
            case .tos: "0021-00000001"
            }
        self.init(message: message, ec: ec, argumentName: entry.name, argumentValue: value)
    }

    private typealias Entry = (message: String, ec: String?, name: String)

    private static func entry(_ reason: Reason) -> Entry {
        switch reason {
        case .tooLong: ("The length of callback exceed max value.", "0007-00000001", "callback")
        case .notBase64: ("The callback configuration is not base64 encoded.", "0007-00000002", "callback")
        case .notJSON: ("The callback configuration is not json format.", "0007-00000003", "callback")
        case .badURL: ("The callback url configuration is invalid.", "0007-00000004", "callbackUrl")
        case .tooManyURLs: ("The number of callback url exceed max value.", "0007-00000005", "callbackUrl")
        case .unresolvableHost: ("Can not get ip by this host.", "0007-00000007", "callbackUrl")
        case .privateAddress: ("Private address is forbidden to callback.", "0007-00000008", "callbackUrl")
        case .badHost: ("The callback host configuration is invalid.", "0007-00000009", "callbackHost")
        case .bodyNotString: ("The callback body is invalid.", "0007-00000010", "callbackBody")
        case .bodyEmpty: ("The callback body is empty.", "0007-00000011", "callbackBody")
        case .bodyTypeNotString:
            ("The callback body type configuration is invalid.", "0007-00000012", "callbackBodyType")
        case .bodyTypeUnsupported: ("The body type of callback is not supported.", "0007-00000013", "callbackBodyType")
        // The service refuses `$(name)` (Java SDK, CallbackTest); the sentence is ours.
        case .badVariableForm: ("A variable of the callback body must be of the form ${var}.", nil, "callbackBody")
        // The field is published, its refusal is not; the sentence is ours.
        case .badSNI: ("The callback SNI configuration is invalid.", nil, "callbackSNI")
        // Sentence ours, number published.
        case .badAdditionalHeaders:
            ("The callback additional headers configuration is invalid.", "0007-00000026", "additionalHeaders")
        // Buckets of ours hold no callback policies; sentence ours.
        case .unknownPolicy: ("The callback policy does not exist.", nil, "callbackPolicy")
        case .headerAndQuery:
            (
                "Either the callback query string parameter or the x-oss-callback header should be specified,"
                    + " not both.", "0007-00000027", "callback"
            )
        case .variablesHeaderAndQuery:
            (
                "Either the callback-var query string parameter or the x-oss-callback-var header should be specified,"
                    + " not both.", nil, "callback-var"
            )
        case .variablesTooLong: ("The length of callback var exceed max value.", "0007-00000101", "callback-var")
        // Sentence ours, number published.
        case .variablesNotBase64: ("The callback var is not base64 encoded.", "0007-00000102", "callback-var")
        // "expecten" is the service's spelling.
        case .variablesNotJSON: ("The callback var is not expecten json.", "0007-00000103", "callback-var")
        case .variablesNotStringMap: ("The callback var is not expecten json.", "0007-00000104", "callback-var")
        }
    }
}
