// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests

/// The ETag that US3 must come to, of an object or a part, while its bytes pass. One thread only.
final class US3BodyDigest {
    private var object: US3ETag?
    private var part: SHA1?

    init(isPart: Bool) {
        if isPart { part = SHA1() } else { object = US3ETag() }
    }

    func update(_ bytes: Span<UInt8>) {
        object?.update(bytes)
        part?.update(bytes)
    }

    /// Without quotes; once.
    func finish() -> String? {
        if let object = object.take() { return object.finish() }
        guard let digest = part.take()?.finalize() else { return nil }
        return US3ETag.part(sha1: digest.span)
    }
}
