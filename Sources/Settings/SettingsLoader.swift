// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Octets

/// What came of reading a configuration.
package struct LoadResult: Sendable {
    /// Nil when any problem is an error.
    package let settings: Settings?
    /// In the order of the file.
    package let problems: [Problem]

    package var hasErrors: Bool { problems.contains { $0.severity == .error } }
}

/// Reads configuration files into ``Settings``.
package enum SettingsLoader {
    /// What becomes of `env:` and `file:` references and of files that others read.
    package enum SecretPolicy: Sendable {
        /// They must exist, and secrets are read.
        case required
        /// They are taken to exist and nothing is read, to check a file where its secrets are not. The settings are
        /// of no other use.
        case assumed
    }

    /// Reads the file at `path`; relative paths in it are relative to its directory.
    package static func load(
        path: String, environment: [String: String], secrets: SecretPolicy = .required
    ) -> LoadResult {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
        let reader = ConfigReader(
            file: path, directory: directory, environment: environment, secretPolicy: secrets)
        do {
            let bytes = try TextFile.read(path, maximumBytes: YAMLDocument.maximumBytes)
            return load(bytes, reader)
        } catch {
            reader.report(.error, .wholeFile, "", "the file cannot be read: \(error.reason)")
            return LoadResult(settings: nil, problems: reader.problems)
        }
    }

    /// Reads a configuration that is not in a file of its own.
    ///
    /// - Parameters:
    ///   - name: what problems call it.
    ///   - directory: where relative paths begin; empty leaves them to the process.
    package static func load(
        text: String, name: String = "config", directory: String = "", environment: [String: String] = [:],
        secrets: SecretPolicy = .required
    ) -> LoadResult {
        let reader = ConfigReader(
            file: name, directory: directory, environment: environment, secretPolicy: secrets)
        guard text.utf8.count <= YAMLDocument.maximumBytes else {
            reader.report(.error, .wholeFile, "", "it is longer than \(YAMLDocument.maximumBytes) bytes")
            return LoadResult(settings: nil, problems: reader.problems)
        }
        return load([UInt8](text.utf8), reader)
    }

    private static func version(of bytes: [UInt8]) -> String {
        String(Hex.encode(SHA256.hash(bytes.span).span).prefix(12))
    }

    private static func load(_ bytes: [UInt8], _ reader: ConfigReader) -> LoadResult {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            reader.report(.error, .wholeFile, "", "it is not UTF-8")
            return LoadResult(settings: nil, problems: reader.problems)
        }
        var document = YAMLDocument(text) { reader.report(.error, $0, $1, $2) }
        let settings = document.parse().flatMap { SettingsBuilder(reader, version: version(of: bytes)).settings($0) }
        reader.sortProblems()
        return LoadResult(settings: reader.hasErrors ? nil : settings, problems: reader.problems)
    }
}
