// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Gateway

/// `putback health`: the container's HEALTHCHECK.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a running gateway whether it is ready; exit 0 if so, else 1.")

    @Option(help: "The admin port's readiness address.")
    var url = "http://127.0.0.1:9090/readyz"

    func run() throws {
        let result = HealthProbe.ask(url)
        guard result.isReady else {
            printError(result.text)
            throw ExitCode.failure
        }
        print(result.text)
    }
}
