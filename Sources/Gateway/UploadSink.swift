// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Eventing

/// Where the bytes of an upload go: a store behind a connection, or a directory. Loop thread only.
protocol UploadSink: AnyObject {
    /// Takes bytes of the body, all of them; false when ``UploadSinkHandler/sinkWritable()`` should be waited for.
    func send(_ bytes: Span<UInt8>) -> Bool
    /// Whether the next bytes may come in a pipe.
    var takesPipe: Bool { get }
    /// Takes the bytes of the body that `pipe` holds; see ``takesPipe`` and ``send(_:)-(Span<UInt8>)``.
    func send(_ pipe: SplicePipe) -> Bool
    /// The body is complete.
    func finish()
    /// Gives up: nothing may be stored, and no call follows.
    func abort()
    /// What the store's answer is to, where that is not the plan's operation.
    var answeredOperation: StoreOperation? { get }
    /// The upload is over, and the sink may serve another one.
    func recycle()
}

extension UploadSink {
    var takesPipe: Bool { false }
    var answeredOperation: StoreOperation? { nil }
    func send(_ pipe: SplicePipe) -> Bool { preconditionFailure("a pipe comes only to who takes pipes") }
}

/// Who sends an upload's bytes. Called in a later turn than the call that led to it.
protocol UploadSinkHandler: AnyObject {
    /// The sink is there and takes bytes.
    func sinkWritable()
    /// A remote store's answer is complete; it may come before the body is.
    func sinkAnswered(_ answer: WireAnswer)
    /// A sink that needs no store's answer to know it says what became of the object.
    func sinkDecided(_ verdict: StoreVerdict)
    /// There is no answer. `mayBeStored`: the whole request was out.
    func sinkFailed(_ failure: Failure, mayBeStored: Bool)
}
