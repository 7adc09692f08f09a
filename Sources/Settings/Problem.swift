// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Something wrong with a configuration file, and where.
package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether the file can be used all the same.
    package enum Severity: String, Sendable { case error, warning }

    package let severity: Severity
    /// The file as it was named on the command line.
    package let file: String
    /// From 1; 0 when the problem is the file itself.
    package let line: Int
    /// In Unicode scalars, from 1; 0 when the problem is the file itself.
    package let column: Int
    /// The place in the document, such as `routes[2].match.path`; empty for the document.
    package let path: String
    /// What was found and what was expected; never a secret.
    package let message: String

    /// `file:line:column: error: path: message`, as compilers print it.
    package var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(severity.rawValue): \(path.isEmpty ? "" : path + ": ")\(message)"
    }
}
