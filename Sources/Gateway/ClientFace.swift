// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Eventing
internal import HTTPServing

/// The dialect in which a client is told what became of its request.
enum ClientFace: Sendable {
    case plain
    case sdk(DialectName)

    /// Answers an upload; returns the status that was told.
    func answer(
        _ outcome: Outcome, plan: UploadPlan, request: UploadRequest, on connection: ServerConnection, runtime: Runtime,
        started: Instant
    ) -> Int {
        switch self {
        case .plain: PlainAnswer.send(outcome, plan: plan, request: request, on: connection)
        case .sdk(let name):
            SDKFace.send(
                outcome, name: name, plan: plan, request: request, on: connection, runtime: runtime, started: started)
        }
    }
}
