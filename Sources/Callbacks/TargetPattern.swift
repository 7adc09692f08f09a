// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// One entry of `clientCallbacks.allow`: a host, `*.example.com`, either with `:port`, an address, or a block of them.
package struct TargetPattern: Sendable, Equatable, CustomStringConvertible {
    private enum Host: Sendable, Equatable {
        case exact(String)
        /// The part after the `*`, with its dot.
        case suffix(String)
        case block(AddressBlock)
    }

    private let host: Host
    /// Nil for any port.
    private let port: Int?
    /// The entry as written.
    package let description: String

    /// Reads an entry.
    ///
    /// - Throws: ``CallbackURL/Problem``, whose message is a clause without a final stop.
    package init(parsing text: String) throws(CallbackURL.Problem) {
        description = text
        if text.contains("/") || IPAddress(parsing: text) != nil {
            guard let block = AddressBlock(parsing: text) else {
                throw CallbackURL.Problem(message: "\"\(text)\" is not a block of addresses such as 10.1.0.0/16")
            }
            host = .block(block)
            port = nil
            return
        }
        let isWildcard = text.hasPrefix("*.")
        let authority = try Authority(parsing: isWildcard ? text.dropFirst(2) : text[...])
        port = authority.port
        let name = Self.normalized(authority.host)
        if isWildcard {
            guard IPAddress(parsing: name) == nil else {
                throw CallbackURL.Problem(message: "\"\(text)\" mixes a wildcard and an address")
            }
            host = .suffix(".\(name)")
        } else if let block = AddressBlock(parsing: name) {
            host = .block(block)
        } else {
            host = .exact(name)
        }
    }

    /// How far a pattern vouches for a target.
    fileprivate enum Match { case no, publicAddressesOnly, anyAddress }

    fileprivate func match(host target: String, port targetPort: Int, address: Span<UInt8>?) -> Match {
        if let port, port != targetPort { return .no }
        let name = Self.normalized(target)
        switch host {
        // The operator named this very host, so its address is the operator's business.
        case .exact(let expected): return name == expected ? .anyAddress : .no
        // Whoever may add a name below it could point it inwards.
        case .suffix(let suffix):
            return name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count ? .publicAddressesOnly : .no
        case .block(let block):
            guard let address else { return .no }
            return block.contains(address) ? .anyAddress : .no
        }
    }

    fileprivate var isBlock: Bool {
        if case .block = host { true } else { false }
    }

    /// Lower case, without the final dot of a fully qualified name.
    private static func normalized(_ host: String) -> String {
        let lowered = host.lowercased()
        return lowered.hasSuffix(".") ? String(lowered.dropLast()) : lowered
    }
}

/// The targets that clients' own callbacks may have. An empty list allows none.
package struct TargetAllowance: Sendable, Equatable {
    /// Any of them may allow a target.
    package let patterns: [TargetPattern]

    package init(_ patterns: [TargetPattern] = []) {
        self.patterns = patterns
    }

    /// Whether any pattern could still allow the target once its address is known.
    package func mayAllow(host: String, port: Int) -> Bool {
        if let literal = IPAddress(parsing: host) {
            return allows(host: host, port: port, address: literal.bytes.span)
        }
        return patterns.contains { $0.isBlock || $0.match(host: host, port: port, address: nil) != .no }
    }

    /// Whether a callback may be sent to `address`, which `host` resolved to.
    ///
    /// A wildcard allows public addresses only; an exact host, an address or a block allows any (see ``TargetRules``).
    package func allows(host: String, port: Int, address: Span<UInt8>) -> Bool {
        for pattern in patterns {
            switch pattern.match(host: host, port: port, address: address) {
            case .anyAddress: return true
            case .publicAddressesOnly where !TargetRules.isForbidden(address): return true
            case .publicAddressesOnly, .no: continue
            }
        }
        return false
    }
}
