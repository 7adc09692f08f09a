// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Gateway
internal import Settings

/// `putback check`: every problem of a config, with its place.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a config file; exit 0 or 78.")

    @OptionGroup var config: ConfigOption

    @Flag(help: "Take secrets and files that the config names to be there, where it is checked away from its machine.")
    var withoutSecrets = false

    func run() throws {
        let settings = try config.load(secrets: withoutSecrets ? .assumed : .required)
        // Certificates and keys are read, directories are not made.
        if !withoutSecrets, let problem = ConfigProbe.problem(of: settings) {
            printError("\(config.path):1:1: error: \(problem)")
            throw Exit.config
        }
        print("\(config.path): ok, \(settings.listeners.count) listeners, \(settings.routes.routes.count) routes")
        print("memory: at most \(MemoryBound(settings).description)")
    }
}
