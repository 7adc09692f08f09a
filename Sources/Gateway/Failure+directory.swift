// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import DirectoryStore

extension Failure {
    static var objectExists: Failure {
        Failure(
            .objectExists, party: .client, phase: .storing, status: 409,
            "An object of this name exists and may not be overwritten.")
    }

    static var noSuchUpload: Failure {
        Failure(.noSuchUpload, party: .client, phase: .storing, status: 404, "There is no upload of this id.")
    }

    static func badDigest(_ message: String) -> Failure {
        Failure(.badDigest, party: .client, phase: .judging, status: 400, message)
    }

    /// What does not fit what is stored already; `exact` says what a vendor's client is told.
    static func badPart(_ exact: Refusal) -> Failure {
        var failure = Failure(
            .badPart, party: .client, phase: .storing, status: 409, "This does not fit what is stored already.")
        failure.exact = exact
        return failure
    }

    static func diskFailed(_ message: String) -> Failure {
        Failure(.diskFailed, party: .store, phase: .storing, status: 502, message)
    }

    /// What a directory store's error means for a client.
    init(_ error: StoreError) {
        switch error.code {
        case .invalidKey, .invalidBucket:
            self.init(
                .badKey, party: .client, phase: .planning, status: 400, "The store cannot hold an object of this name.")
        case .noSpace:
            self.init(
                .diskFull, party: .store, phase: .storing, status: 507, "The store has no room left.")
        case .objectExists:
            self = .objectExists
        case .digestMismatch:
            self = .badDigest("The body's MD5 is not the one that Content-MD5 says.")
        case .noSuchUpload:
            self = .noSuchUpload
        case .invalidPart:
            self = .badPart(.invalidPart("Part \(error.partNumber ?? 0) is not there, or is another one."))
        case .notAppendable:
            self = .badPart(.notAppendable)
        case .positionMismatch:
            self = .badPart(.positionMismatch(length: error.currentLength ?? 0))
        default:
            self = .diskFailed("The store cannot write the object.")
        }
    }
}
