// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Octets

/// Something an operator must change in a callback policy before it can be used.
package struct CallbackProblem: Sendable, Equatable {
    /// The key it is about, as in the configuration: `url[0]`, `host`, `body`, `variables.device`, `timeout`, ….
    package let key: String
    /// UTF-8 offset into the key's value, where one is known.
    package let offset: Int?
    /// A clause without a final stop.
    package let message: String

    package init(key: String, offset: Int? = nil, message: String) {
        self.key = key
        self.offset = offset
        self.message = message
    }
}

extension CallbackPolicy {
    /// What is wrong with the policy whoever makes the callback; empty when nothing is.
    ///
    /// URLs may be private or loopback: the operator wrote them.
    package func problems() -> [CallbackProblem] {
        urlProblems() + hostProblems() + variableProblems() + bodyProblems() + limitProblems()
    }

    private func urlProblems() -> [CallbackProblem] {
        var problems: [CallbackProblem] = []
        if urls.isEmpty { problems.append(CallbackProblem(key: "url", message: "a callback needs a URL")) }
        if urls.count > Self.maximumURLs {
            problems.append(CallbackProblem(key: "url", message: "at most \(Self.maximumURLs) URLs are tried in turn"))
        }
        for (index, url) in urls.enumerated() {
            let key = urls.count == 1 ? "url" : "url[\(index)]"
            if url.contains("${") {
                problems.append(CallbackProblem(key: key, message: "variables are not replaced in a callback's URL"))
                continue
            }
            do {
                _ = try CallbackURL(parsing: url)
            } catch {
                problems.append(CallbackProblem(key: key, message: "\"\(url)\" is no callback URL: \(error.message)"))
            }
        }
        return problems
    }

    private func hostProblems() -> [CallbackProblem] {
        guard let host else { return [] }
        do {
            _ = try Authority(parsing: host[...])
            return []
        } catch {
            return [CallbackProblem(key: "host", message: "\"\(host)\" cannot be a Host header: \(error.message)")]
        }
    }

    private func variableProblems() -> [CallbackProblem] {
        var problems: [CallbackProblem] = []
        for (index, variable) in variables.enumerated() {
            let key = "variables.\(variable.name)"
            if !Self.isCustomName(variable.name) {
                problems.append(
                    CallbackProblem(key: key, message: "a variable's name is made of a-z, 0-9 and _ only"))
            }
            if variables[..<index].contains(where: { $0.name == variable.name }) {
                problems.append(CallbackProblem(key: key, message: "this variable is defined twice"))
            }
            for reference in variable.template.references where reference.origin != .request {
                problems.append(CallbackProblem(key: key, message: Self.misplaced(reference)))
            }
        }
        return problems
    }

    private static func misplaced(_ reference: TemplateVariable) -> String {
        switch reference.origin {
        case .store: "${\(reference.name)} is known only once the object is stored: use it in the body"
        case .custom: "${\(reference.name)} cannot be used in the value of a variable"
        case .nowhere, .request: "there is no variable ${\(reference.name)}"
        }
    }

    private func bodyProblems() -> [CallbackProblem] {
        if body.source.isEmpty { return [CallbackProblem(key: "body", message: "a callback needs a body")] }
        var problems: [CallbackProblem] = []
        for reference in body.references {
            switch reference {
            case .system: continue
            case .custom(let name):
                if variables.contains(where: { $0.name == name }) { continue }
                problems.append(
                    CallbackProblem(
                        key: "body", message: "${x:\(name)} is not defined: add \(name) to the policy's variables"))
            case .unknown:
                problems.append(CallbackProblem(key: "body", message: "there is no variable ${\(reference.name)}"))
            default:
                problems.append(
                    CallbackProblem(
                        key: "body",
                        message: "${\(reference.name)} belongs to the request: give it a name under variables"
                            + " and write ${x:NAME} here"))
            }
        }
        if contentType == .json { problems += jsonProblems() }
        return problems
    }

    /// Values cannot change the shape of a JSON text whose template is JSON with any sample in place: strings come as
    /// whole strings or within one, numbers as numbers. What remains is a variable in the middle of an escape.
    private func jsonProblems() -> [CallbackProblem] {
        var position = JSONPosition()
        var offset = 0
        for segment in body.segments {
            switch segment {
            case .literal(let bytes):
                position.advance(over: bytes)
                offset += bytes.count
            case .variable(let variable, _):
                if position.isInsideEscape {
                    let message = "a variable cannot stand in the middle of a \\ escape"
                    return [CallbackProblem(key: "body", offset: offset, message: message)]
                }
                offset += variable.name.utf8.count + 3
            }
        }
        for number in ["0", "1024", nil] {
            let text = body.render(.json) { variable in
                variable.isNumber ? number.map { [UInt8]($0.utf8) } : [UInt8]("a \"sample\" \\".utf8)
            }
            do {
                _ = try JSON.parse(text.span)
            } catch {
                let example = String(octets: text.span)
                let message = "it is not JSON once its variables are replaced, for example: \(example)"
                return [CallbackProblem(key: "body", message: message)]
            }
        }
        return []
    }

    private func limitProblems() -> [CallbackProblem] {
        var problems: [CallbackProblem] = []
        if timeoutMilliseconds <= 0 {
            problems.append(CallbackProblem(key: "timeout", message: "a callback needs time"))
        }
        // The answer carries a document, which 1xx, 204, 205 and 304 cannot (RFC 9110 section 6.4.1 and 15.3.6).
        let status = onFailure.status
        if !(200...599).contains(status) || [204, 205, 304].contains(status) {
            let message = "\(status) is not a status from 200 to 599 that may carry a body"
            problems.append(CallbackProblem(key: "onFailure.answer", message: message))
        }
        return problems
    }

    /// `[a-z0-9_]+`: what every store accepts after `x:` (OSS, Callback, "custom variables": lower case only).
    static func isCustomName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                $0.isDecimalDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
            }
    }
}
