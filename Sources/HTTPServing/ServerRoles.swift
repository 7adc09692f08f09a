// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire

/// Who answers the requests of a listener's connections. Loop thread only.
package protocol RequestHandler: AnyObject {
    /// A head was read; `connection.request` holds it until the answer is complete.
    ///
    /// The handler answers at once, or sets `connection.receiver` and calls ``ServerConnection/startBody()`` when it wants
    /// the body.
    func requestReceived(on connection: ServerConnection)
    /// The bytes of a connection were no acceptable request. The handler answers; the connection closes after it.
    func requestRefused(_ refusal: RequestRefusal, on connection: ServerConnection)
    /// The connection is gone; no call for it follows.
    func connectionClosed(_ connection: ServerConnection)
}

/// Who takes the body of one request. Loop thread only.
package protocol BodyReceiver: AnyObject {
    /// Decoded bytes of the body. All of them are taken: a receiver that cannot pass them on keeps them and calls
    /// ``ServerConnection/pauseBody()``.
    func bodyReceived(_ bytes: Span<UInt8>)
    /// Whether the next bytes may come in a pipe, because nobody needs to look at them and they go to a plain socket.
    var takesPipe: Bool { get }
    /// Bytes of the body in a pipe, which is the receiver's from here on; asked for by ``takesPipe``. All of them are taken,
    /// as with ``bodyReceived(_:)``.
    func bodyReceived(in pipe: SplicePipe)
    /// The body is complete.
    func bodyCompleted()
    /// The request cannot be completed, or its answer not be delivered; no call follows.
    func clientFailed(_ failure: ClientFailure)
    /// The client took all of the answer that was written; more may be written.
    func answerDrained()
}

extension BodyReceiver {
    package var takesPipe: Bool { false }
    package func bodyReceived(in pipe: SplicePipe) { preconditionFailure("a pipe comes only to who takes pipes") }
}

/// Why the bytes of a connection were not taken for a request.
package enum RequestRefusal: Error, Equatable, Sendable {
    case malformed(WireError)
    /// The head was not complete in time.
    case headTimeout

    /// The HTTP status to answer with.
    package var status: Int {
        switch self {
        case .malformed(let error): error.status
        case .headTimeout: 408
        }
    }

    /// A bounded label for logs.
    package var label: String {
        switch self {
        case .malformed(let error): error.code.rawValue
        case .headTimeout: "head-timeout"
        }
    }

    /// One sentence for people; holds no byte of the client's.
    package var message: String {
        switch self {
        case .malformed(let error): error.message
        case .headTimeout: "The request head did not arrive in time."
        }
    }
}

/// Why a client's request ended early.
package enum ClientFailure: Error, Equatable, Sendable {
    /// The connection was closed or reset; nobody reads an answer.
    case gone
    /// The client ended its side in the middle of the body; it may still read an answer.
    case truncated
    /// No byte of the body for too long.
    case stalled
    /// The body came slower than the minimum rate.
    case tooSlow
    /// The body's framing is broken.
    case malformed(WireError)
    /// The client does not take its answer.
    case answerNotTaken
}
