// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of an upload go: a store behind a connection, or a directory. Loop thread only.
protocol UploadSink: AnyObject {
    /// Takes bytes of the body, all of them; false when ``UploadSinkHandler/sinkWritable()`` should be waited for.
    func send(_ bytes: Span<UInt8>) -> Bool
    /// The body is complete.
    func finish()
    /// Gives up: nothing may be stored, and no call follows.
    func abort()
    /// The upload is over, and the sink may serve another one.
    func recycle()
}

/// Who sends an upload's bytes. Called in a later turn than the call that led to it.
protocol UploadSinkHandler: AnyObject {
    /// The sink is there and takes bytes.
    func sinkWritable()
    /// What a store's answer means, given what was sent.
    func judge(_ answer: StoreAnswer) -> StoreVerdict
    /// The store's answer is complete; it may come before the body is.
    func sinkAnswered(_ verdict: StoreVerdict)
    /// There is no answer. `mayBeStored`: the whole request was out.
    func sinkFailed(_ failure: Failure, mayBeStored: Bool)
}
