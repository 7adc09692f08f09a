// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import Settings

/// The `--config` option and what reading that file means for a command.
struct ConfigOption: ParsableArguments {
    @Option(
        name: [.long, .short], help: "The config file (default: $PUTBACK_CONFIG, else /etc/putback/putback.yaml).",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    var path: String {
        config ?? Process.environment["PUTBACK_CONFIG"] ?? "/etc/putback/putback.yaml"
    }

    /// Reads the file; prints every problem to standard error and ends with 78 where one is an error.
    func load(
        printingWarnings: Bool = true, secrets: SettingsLoader.SecretPolicy = .required
    ) throws -> Settings {
        let result = SettingsLoader.load(path: path, environment: Process.environment, secrets: secrets)
        for problem in result.problems where printingWarnings || problem.severity == .error {
            printError(problem.description)
        }
        guard let settings = result.settings else { throw Exit.config }
        return settings
    }
}

/// What the process was started with.
enum Process {
    static var environment: [String: String] {
        var variables: [String: String] = [:]
        var cursor = unsafe environ
        while let entry = unsafe cursor.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe cursor += 1
        }
        return variables
    }
}

/// Writes to standard output at once, also where it is a pipe.
func printNow(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe write(1, bytes, bytes.count)
}

/// Writes a line to standard error.
func printError(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = unsafe write(2, line, line.count)
}
