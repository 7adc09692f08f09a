// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks
internal import Digests
internal import HTTPWire
internal import Octets
internal import Settings

/// Decides who a client of a plain listener is, and whether it may upload.
enum Authorizer {
    /// The client's name, empty where the group asks for an address only.
    ///
    /// A group's networks and credentials must both fit; of several credentials one is enough.
    /// - Throws: ``Failure`` 401 or 403.
    static func authorize(_ head: RequestHead, address: [UInt8], group: ClientGroup) throws(Failure) -> String {
        if !group.networks.isEmpty, !group.networks.contains(where: { $0.contains(address.span) }) {
            throw Failure(
                .forbidden, party: .client, phase: .authorizing, status: 403, "This address may not upload here.")
        }
        guard group.needsCredentials else { return "" }
        guard head.fields.count(of: "authorization") == 1, let value = head.fields.first("authorization") else {
            throw unauthorized("Credentials are needed.")
        }
        guard let client = match(value, group) else { throw unauthorized("The credentials are not accepted.") }
        return client
    }

    /// The challenges of a group, for `WWW-Authenticate` (RFC 9110 §11.6.1).
    static func challenges(_ group: ClientGroup) -> [String] {
        var challenges: [String] = []
        if !group.bearer.isEmpty { challenges.append("Bearer realm=\"putback\"") }
        if !group.basic.isEmpty { challenges.append("Basic realm=\"putback\", charset=\"UTF-8\"") }
        return challenges
    }

    private static func unauthorized(_ message: String) -> Failure {
        Failure(.unauthorized, party: .client, phase: .authorizing, status: 401, message)
    }

    private static func match(_ value: ArraySlice<UInt8>, _ group: ClientGroup) -> String? {
        guard let space = value.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let scheme = String(decoding: value[..<space], as: UTF8.self).lowercased()
        let credentials = value[space...].drop { $0 == UInt8(ascii: " ") }
        switch scheme {
        case "bearer": return bearer(credentials, group)
        case "basic": return basic(credentials, group)
        default: return nil
        }
    }

    /// Every token is compared, so that the time does not tell which one fits.
    private static func bearer(_ token: ArraySlice<UInt8>, _ group: ClientGroup) -> String? {
        var found: String?
        for candidate in group.bearer {
            let secret = candidate.token.reveal()
            if constantTimeEqual(secret.span, token.span) { found = candidate.id }
        }
        return found
    }

    private static func basic(_ base64: ArraySlice<UInt8>, _ group: ClientGroup) -> String? {
        guard let decoded = Base64.decode(base64.span), let colon = decoded.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let (user, password) = (decoded[..<colon], decoded[(colon + 1)...])
        var found: String?
        for candidate in group.basic {
            let (name, secret) = (Array(candidate.user.utf8), candidate.password.reveal())
            let userFits = constantTimeEqual(name.span, user.span)
            let passwordFits = constantTimeEqual(secret.span, password.span)
            if userFits, passwordFits { found = candidate.user }
        }
        return found
    }
}
