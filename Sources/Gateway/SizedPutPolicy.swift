// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Callbacks

/// A put policy of US3 that tells the size of an object, for a body whose length nobody told: only the request that ends
/// the upload carries it, and by then all bytes are counted.
struct SizedPutPolicy: Sendable {
    private let policy: CallbackPolicy
    private let facts: US3PolicyFacts

    /// - Parameter facts: with the largest size that the object may have, with which the policy was encoded once.
    init(_ policy: CallbackPolicy, _ facts: US3PolicyFacts) {
        self.policy = policy
        self.facts = facts
    }

    /// - Parameter size: of the object, in bytes.
    func parameters(size: UInt64) -> CallbackParameters {
        var facts = facts
        facts.size = size
        guard let parameters = try? US3PutPolicyCodec.encode(policy, facts) else {
            preconditionFailure("what fits with the largest size fits with another one")
        }
        return parameters
    }
}
