// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A callback as a client of OSS asked for it, checked.
package struct OSSCallbackRequest: Sendable, Equatable {
    /// One to five, tried in order until one succeeds.
    package var urls: [CallbackURL]
    /// `Host` of the callback request; nil takes the URL's.
    package var host: String?
    /// In the syntax of OSS.
    package var body: Template
    /// Of the body; forms unless the client says otherwise.
    package var contentType: CallbackContentType
    /// Whether TLS says which host it wants; false unless the client asked.
    package var sendsServerName: Bool
    /// Extra headers of the callback request; none of them `x-oss-*` or of those a callback has by itself.
    package var additionalHeaders: [(name: String, value: String)]
    /// In the client's order.
    package var variables: [CustomVariable]

    package init(
        urls: [CallbackURL], host: String? = nil, body: Template, contentType: CallbackContentType = .form,
        sendsServerName: Bool = false, additionalHeaders: [(name: String, value: String)] = [],
        variables: [CustomVariable] = []
    ) {
        self.urls = urls
        self.host = host
        self.body = body
        self.contentType = contentType
        self.sendsServerName = sendsServerName
        self.additionalHeaders = additionalHeaders
        self.variables = variables
    }

    /// The body as OSS renders it (OSS, page Callback, "callbackBody").
    package func renderBody(_ facts: CallbackFacts) -> [UInt8] {
        body.render(contentType == .json ? .ossJSON : .form, lookup: facts.value)
    }

    package static func == (left: OSSCallbackRequest, right: OSSCallbackRequest) -> Bool {
        left.urls == right.urls && left.host == right.host && left.body == right.body
            && left.contentType == right.contentType && left.sendsServerName == right.sendsServerName
            && left.variables == right.variables
            && left.additionalHeaders.elementsEqual(right.additionalHeaders) { $0 == $1 }
    }
}
