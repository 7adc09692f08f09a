// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc

/// The command line.
@main
struct Putback: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "putback",
        abstract: "An upload gateway: plain uploads in, signed uploads with a callback out, the app's answer back.",
        subcommands: [
            ServeCommand.self, CheckCommand.self, ExplainCommand.self, DemoCommand.self, DemoAppCommand.self,
            HealthCommand.self, VersionCommand.self,
        ])

    /// Exit codes follow sysexits.h, which argument-parser does for usage errors (64) itself.
    static func main() {
        // A peer that closed is told by the return code of a write.
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }
}

/// Exit codes of sysexits.h.
enum Exit {
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let config = ExitCode(78)
}
