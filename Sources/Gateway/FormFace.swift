// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire

/// What a dialect makes of a form: what becomes of a file once the fields before it are known, and what the client is told
/// in the end. ``FormUpload`` does everything between. Loop thread only.
protocol FormFace: AnyObject {
    /// A file begins: its first bytes are there, or its end where it has none.
    ///
    /// The dialect makes an ``Upload`` whose source is the form, admitted as part of it, and does not start it. What it
    /// refuses it remembers for its answer.
    func begin(_ part: FormPart, isEmpty: Bool, of form: FormUpload) -> FormDecision

    /// The upload of the file that began last is over; returns the status that stands for it.
    func ended(_ upload: Upload, _ outcome: Outcome, of form: FormUpload) -> Int

    /// What it keeps for its answer.
    var heldBytes: Int { get }

    /// The form is over: the dialect answers on the form's connection, which is nil when the client is gone.
    ///
    /// - Parameter fault: what was wrong with the form outside of its files; ``FormUpload/error`` where it was no form.
    func answer(_ fault: Failure?, of form: FormUpload)
}

/// What is done with a file of a form.
enum FormDecision {
    case upload(Upload)
    /// Its bytes are dropped, and the form goes on.
    case skip
    /// The form ends here; the rest of it is not read.
    case stop
}

extension Failure {
    /// Whether no other file of the form can succeed, or should be waited for.
    var endsForm: Bool {
        switch code {
        case .malformedForm, .bodyTruncated, .bodyStalled, .bodyTooSlow, .bodyMalformed, .clientGone: true
        case .unauthorized, .forbidden, .tooLarge, .overloaded, .routeLimit, .clientLimit, .draining: true
        default: false
        }
    }

    /// A body that is no acceptable form.
    init(_ error: FormError) {
        self.init(.malformedForm, party: .client, phase: .storing, status: 400, error.message)
    }
}
