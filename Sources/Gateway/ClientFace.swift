// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import HTTPServing

/// The dialect in which a client is told what became of its request.
enum ClientFace: Sendable {
    case plain
    case oss

    /// Answers an upload; returns the status that was told.
    func answer(
        _ outcome: Outcome, plan: UploadPlan, request: UploadRequest, on connection: ServerConnection, runtime: Runtime,
        started: Instant
    ) -> Int {
        switch self {
        case .plain: PlainAnswer.send(outcome, plan: plan, request: request, on: connection)
        case .oss:
            OSSFace.send(outcome, plan: plan, request: request, on: connection, runtime: runtime, started: started)
        }
    }
}
