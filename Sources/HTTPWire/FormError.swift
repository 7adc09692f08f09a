// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A body that is no acceptable form (RFC 7578, RFC 2046 §5.1); what was said of its earlier parts remains true.
package enum FormError: Error, Equatable, Sendable {
    /// `Content-Type` names no boundary.
    case missingBoundary
    /// The boundary is empty, too long, or holds what RFC 2046 does not allow there.
    case badBoundary
    /// No delimiter in so many bytes, or in the whole body.
    case noDelimiter
    /// What follows a delimiter in its line is neither blanks nor the two hyphens of the last one.
    case badDelimiter
    /// A line of a part's header breaks the rules that headers of requests are held to.
    case badPartHeader(WireError.Code)
    /// `Content-Disposition` is not `form-data` with well-formed parameters, each there once.
    case badDisposition
    /// `Content-Transfer-Encoding` changes the bytes; RFC 7578 §4.7 deprecates it and no browser sends it.
    case transferEncoding
    case partWithoutName
    /// The limit, in bytes.
    case partHeaderTooLong(Int)
    /// The limit.
    case tooManyParts(Int)
    /// The limit of one value, in bytes.
    case fieldTooLong(Int)
    /// The limit of all names and values together, in bytes.
    case fieldsTooLong(Int)
    /// The body ended before its last delimiter.
    case truncated

    /// A bounded word for programs.
    package var label: String {
        switch self {
        case .missingBoundary: "missing-boundary"
        case .badBoundary: "bad-boundary"
        case .noDelimiter: "no-delimiter"
        case .badDelimiter: "bad-delimiter"
        case .badPartHeader: "bad-part-header"
        case .badDisposition: "bad-disposition"
        case .transferEncoding: "transfer-encoding"
        case .partWithoutName: "part-without-name"
        case .partHeaderTooLong: "part-header-too-long"
        case .tooManyParts: "too-many-parts"
        case .fieldTooLong: "field-too-long"
        case .fieldsTooLong: "fields-too-long"
        case .truncated: "truncated"
        }
    }

    /// One sentence for people; holds no byte of the client's.
    package var message: String {
        switch self {
        case .missingBoundary: "The Content-Type of the form has no boundary."
        case .badBoundary:
            "The boundary of the form does not have 1 to \(FormBoundary.maximumBytes) of the characters that RFC 2046 allows."
        case .noDelimiter: "The body of the form does not begin with its boundary."
        case .badDelimiter: "A boundary of the form is followed by something else in its line."
        case .badPartHeader(let code): "The header of a form's part is malformed. \(code.message)"
        case .badDisposition: "The Content-Disposition of a form's part is malformed."
        case .transferEncoding: "A form's part is encoded; its Content-Transfer-Encoding must be binary, 8bit or 7bit."
        case .partWithoutName: "A part of the form has no Content-Disposition with a name."
        case .partHeaderTooLong(let limit): "The header of a form's part is longer than \(limit) bytes."
        case .tooManyParts(let limit): "The form has more than \(limit) fields and files."
        case .fieldTooLong(let limit): "A field of the form is longer than \(limit) bytes."
        case .fieldsTooLong(let limit): "The fields of the form are together longer than \(limit) bytes."
        case .truncated: "The form ended before its last boundary."
        }
    }
}
