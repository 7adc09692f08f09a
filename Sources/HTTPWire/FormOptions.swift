// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// What a form may hold, and which dialect's ways its sender has.
package struct FormOptions: Sendable, Equatable {
    /// Most parts, fields and files together.
    package var partCount = 1000
    /// Longest value of one field, in bytes.
    package var fieldBytes = 64 * 1024
    /// Names and values of all fields together, in bytes.
    package var allFieldsBytes = 1024 * 1024
    /// Longest header of one part, from the first byte behind the delimiter through the empty line, in bytes; as many
    /// may stand in front of the first delimiter.
    package var partHeaderBytes = 8 * 1024
    /// The name of the part that is the file even if it has no file name, whatever its letters' case; nil where the file
    /// name alone decides.
    package var fileField: String?
    /// Whether the first file is the last part that counts: what follows it is skipped unread (OSS, page PostObject:
    /// "the file must be the last form field").
    package var endsWithFile = false
    /// Whether the body may lack its last delimiter, or have an empty part before it, as those of US3's SDKs do: Python's
    /// ends with an ordinary delimiter (ufile 3.2.11, filemanager.py `__make_postbody`), Go's has both (utils.go
    /// `makeFormBody`).
    package var toleratesOpenEnd = false

    package init() {}
}
