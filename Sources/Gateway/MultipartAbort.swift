// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import HTTPWire
internal import Upstream

/// Throws the parts of an upload away that Putback began at a store; nobody need wait for it. Loop thread only.
enum MultipartAbort {
    /// Tries it twice. `completion` is told, in a later turn, whether the store holds none of it any more.
    static func start(
        remote: RemoteStore, bucket: String, key: [UInt8], uploadID: [UInt8], now: @escaping () -> Int64,
        tries: Int = 2, completion: @escaping (Bool) -> Void
    ) {
        let head = remote.requests.encoded(.abortUpload(uploadID: uploadID), bucket: bucket, key: key[...], now: now())
        _ = StoreCall(pool: remote.pool, method: .delete, head: head, isRepeatable: true) { result in
            if case .success(let answer) = result, (200..<300).contains(answer.status) || answer.status == 404 {
                return completion(true)
            }
            guard tries > 1 else { return completion(false) }
            start(
                remote: remote, bucket: bucket, key: key, uploadID: uploadID, now: now, tries: tries - 1,
                completion: completion)
        }
    }
}
