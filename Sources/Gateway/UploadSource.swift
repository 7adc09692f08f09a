// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing

/// Who brings the bytes of an upload and hears what became of it: a connection, or a form on one. Loop thread only.
///
/// Held by the upload until the client is told or gone.
protocol UploadSource: AnyObject {
    /// The upload takes its body from now on.
    func begin(_ upload: Upload)
    /// The upload cannot pass on more bytes now; those that are on their way it takes.
    func pauseBody()
    /// Ends a pause.
    func resumeBody()
    /// Whether somebody is there to be told.
    var isOpen: Bool { get }
    /// The upload is over; returns the status that the client is told.
    func ended(_ upload: Upload, _ outcome: Outcome) -> Int
    /// Gives the client up.
    func abort()
}

extension ServerConnection: UploadSource {
    func begin(_ upload: Upload) {
        receiver = upload
        startBody()
    }

    func ended(_ upload: Upload, _ outcome: Outcome) -> Int {
        receiver = nil
        return upload.face.answer(
            outcome, plan: upload.plan, request: upload.request, on: self, runtime: upload.runtime,
            started: upload.started)
    }
}
