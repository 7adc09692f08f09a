// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The two forms a callback's body can have; the only two that OSS and TOS know.
package enum CallbackContentType: String, Sendable, CaseIterable {
    case form = "application/x-www-form-urlencoded"
    case json = "application/json"

    /// How variables are written into a body of this type by Putback.
    package var escaping: Escaping {
        switch self {
        case .form: .form
        case .json: .json
        }
    }
}

/// The value of one custom variable, ready to be handed to a store or put into a body.
package struct CustomVariable: Sendable, Equatable {
    /// The name without `x:`.
    package var name: String
    /// Raw bytes; whoever writes them down escapes them.
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// An operator's callback: where to, what it says, who makes it, and what happens when it fails.
package struct CallbackPolicy: Sendable, Equatable {
    /// Who makes the callback.
    package enum Maker: String, Sendable, CaseIterable { case store, putback }

    /// A custom variable and where its value comes from.
    package struct Variable: Sendable, Equatable {
        /// `[a-z0-9_]+`, without `x:`.
        package var name: String
        /// Of variables of the request only.
        package var template: Template

        package init(name: String, template: Template) {
            self.name = name
            self.template = template
        }
    }

    /// What a stored upload means when its callback failed.
    package struct FailureRule: Sendable, Equatable {
        /// What becomes of the stored object.
        package enum Object: String, Sendable, CaseIterable { case keep, delete }
        /// HTTP status told to a plain client.
        package var status: Int
        /// Kept unless the operator says otherwise.
        package var object: Object

        package init(status: Int = 502, object: Object = .keep) {
            self.status = status
            self.object = object
        }
    }

    /// OSS and TOS take at most five URLs (OSS, error 0007-00000005).
    package static let maximumURLs = 5
    /// Five seconds, as the stores allow.
    package static let defaultTimeoutMilliseconds = 5000

    /// The name that routes use.
    package var name: String
    /// Tried in order until one succeeds.
    package var urls: [String]
    /// `Host` of the callback request; nil takes the URL's.
    package var host: String?
    /// Of the callback's body.
    package var contentType: CallbackContentType
    /// System variables and `${x:NAME}` only.
    package var body: Template
    /// In the order of the configuration, which is the order sent.
    package var variables: [Variable]
    /// Nil: the store where its dialect can, else Putback.
    package var by: Maker?
    /// Time for one attempt, for callbacks made by Putback.
    package var timeoutMilliseconds: Int
    /// What a failed callback means for client and object.
    package var onFailure: FailureRule

    package init(
        name: String, urls: [String], host: String? = nil, contentType: CallbackContentType = .json, body: Template,
        variables: [Variable] = [], by: Maker? = nil,
        timeoutMilliseconds: Int = defaultTimeoutMilliseconds, onFailure: FailureRule = FailureRule()
    ) {
        self.name = name
        self.urls = urls
        self.host = host
        self.contentType = contentType
        self.body = body
        self.variables = variables
        self.by = by
        self.timeoutMilliseconds = timeoutMilliseconds
        self.onFailure = onFailure
    }

    /// The system variables of the body, each once, in order of appearance.
    package var systemVariables: [SystemVariable] {
        var variables: [SystemVariable] = []
        for case .system(let variable) in body.references where !variables.contains(variable) {
            variables.append(variable)
        }
        return variables
    }

    /// Whether the body says something of the object as an image. Whoever makes the callback must then look into it:
    /// Putback with an ``ImageHead`` that is fed with the bytes as they pass.
    package var needsImage: Bool { systemVariables.contains(where: \.isOfImage) }

    /// The custom variables with their values, unescaped, in order.
    package func customVariables(lookup: (TemplateVariable) -> [UInt8]?) -> [CustomVariable] {
        variables.map { CustomVariable(name: $0.name, value: $0.template.render(.none, lookup: lookup)) }
    }

    /// The body as Putback sends it.
    package func renderBody(_ facts: CallbackFacts) -> [UInt8] {
        body.render(contentType.escaping, lookup: facts.value)
    }
}
