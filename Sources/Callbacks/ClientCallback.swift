// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// A callback as a vendor's client asked for it, checked.
package struct ClientCallback: Sendable, Equatable {
    /// Whose rules it follows.
    package var vendor: CallbackVendor
    /// One to five, tried in order until one succeeds.
    package var urls: [CallbackURL]
    /// `Host` of the callback request; nil takes the URL's.
    package var host: String?
    /// In the vendor's syntax; nil is a malformed one, which TOS finds out when it makes the callback.
    package var body: Template?
    /// Of the body; forms unless the client says otherwise.
    package var contentType: CallbackContentType
    /// Whether TLS says which host it wants: of OSS only if the client asked, of TOS always.
    package var sendsServerName: Bool
    /// Extra headers of the callback request; none of them `x-oss-*` or of those a callback has by itself.
    package var additionalHeaders: [(name: String, value: String)]
    /// In the client's order.
    package var variables: [CustomVariable]

    package init(
        vendor: CallbackVendor, urls: [CallbackURL], host: String? = nil, body: Template?,
        contentType: CallbackContentType = .form,
        sendsServerName: Bool = false, additionalHeaders: [(name: String, value: String)] = [],
        variables: [CustomVariable] = []
    ) {
        self.vendor = vendor
        self.urls = urls
        self.host = host
        self.body = body
        self.contentType = contentType
        self.sendsServerName = sendsServerName
        self.additionalHeaders = additionalHeaders
        self.variables = variables
    }

    /// The body as the vendor renders it (OSS, page Callback, "callbackBody"; TOS, page 196411, validates it).
    ///
    /// - Throws: ``CallbackBodyError`` by the rules of TOS only: the object is stored then, and no app is called.
    package func renderBody(_ facts: CallbackFacts) throws(CallbackBodyError) -> [UInt8] {
        guard let body else { throw CallbackBodyError() }
        let text = body.render(contentType == .json ? .vendorJSON : .form, lookup: facts.value)
        if vendor == .tos, contentType == .json, (try? JSON.parse(text.span)) == nil { throw CallbackBodyError() }
        return text
    }

    package static func == (left: ClientCallback, right: ClientCallback) -> Bool {
        left.vendor == right.vendor && left.urls == right.urls && left.host == right.host && left.body == right.body
            && left.contentType == right.contentType && left.sendsServerName == right.sendsServerName
            && left.variables == right.variables
            && left.additionalHeaders.elementsEqual(right.additionalHeaders) { $0 == $1 }
    }
}

/// A callback body that is not what its type says, found out when it is to be sent.
package struct CallbackBodyError: Error, Sendable, Equatable {
    /// Of the 203; the sentence is ours, the vendor's is not published.
    package var message: String { "The callback body is invalid." }
}
