// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The vendors whose callbacks are JSON in Base64 beside an upload, with `${…}` in a body: one way of saying it, and a
/// few differences. What TOS does not publish is taken to be as in OSS, whose way it follows.
package enum CallbackVendor: String, Sendable, CaseIterable {
    case oss, tos

    /// As people write it.
    package var name: String {
        switch self {
        case .oss: "OSS"
        case .tos: "TOS"
        }
    }

    /// What a callback URL without a scheme means (OSS, page Callback: http; TOS, page 196411: https).
    var defaultScheme: String {
        switch self {
        case .oss: "http"
        case .tos: "https"
        }
    }

    /// The field of a callback that says where the key to check its signature is (TOS: seen in a third party's Go code,
    /// which verifies such callbacks).
    package var publicKeyField: String {
        switch self {
        case .oss: "x-oss-pub-key-url"
        case .tos: "x-tos-pub-key-url"
        }
    }

    /// Whether the vendor itself can fill in a variable of a callback body.
    ///
    /// OSS: page Callback, table of system variables. TOS: `bucket` and `object` by page 196411 and the SDKs' tests, `size`
    /// and `mimeType` by a third party's code in production, whose authors took `imageInfo.format` out again; for `etag`
    /// there is no source, though no such service lacks it.
    package func knowledge(of variable: SystemVariable) -> VariableKnowledge {
        switch (self, variable) {
        case (.oss, _): .known
        case (.tos, .bucket), (.tos, .object), (.tos, .size), (.tos, .mimeType): .known
        case (.tos, .etag): .unconfirmed
        case (.tos, _): .unknown
        }
    }
}

/// How sure it is that the value of a variable can be told by who makes a callback.
package enum VariableKnowledge: Sendable, Equatable {
    case known
    /// Likely, but no source says so.
    case unconfirmed
    case unknown
}
