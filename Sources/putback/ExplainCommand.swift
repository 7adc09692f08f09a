// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Gateway

/// `putback explain`: what would be done with an upload.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Print the route, object key, callback and signed request of an upload; nothing is sent.")

    @OptionGroup var config: ConfigOption

    @Argument(help: "PUT or POST.")
    var method: String

    @Argument(help: "The URL that the client would use.")
    var url: String

    @Option(name: [.customShort("H"), .long], help: "A header field, 'Name: value'; may be repeated.")
    var header: [String] = []

    @Option(help: "The body's length in bytes; without it the body is taken to come in chunks.")
    var size: UInt64?

    @Option(help: "The listener that the client would use (default: the first plain one).")
    var listener: String?

    func validate() throws {
        for field in header where field.firstIndex(of: ":") == nil {
            throw ValidationError("-H wants 'Name: value', not '\(field)'.")
        }
    }

    func run() throws {
        let settings = try config.load(printingWarnings: false)
        let fields = header.map { field in
            let colon = field.firstIndex(of: ":") ?? field.endIndex
            let value = field[colon...].dropFirst().drop { $0 == " " }
            return (name: String(field[..<colon]), value: String(value))
        }
        var explainer = Explainer(settings: settings, environment: Environment(variables: Process.environment))
        do {
            print(
                try explainer.explain(
                    Explainer.Question(method: method, url: url, fields: fields, size: size, listener: listener)),
                terminator: "")
        } catch {
            printError(error.message)
            throw ExitCode.validationFailure
        }
    }
}
