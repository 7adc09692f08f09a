// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Gateway

/// `putback version`: what runs, for bug reports.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the versions of Putback and of the libraries in use.")

    func run() {
        for (name, version) in Versions.all { print("\(name) \(version)") }
    }
}
