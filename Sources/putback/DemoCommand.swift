// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Demo
internal import Eventing
internal import Gateway
internal import Glibc

/// `putback demo`: the gateway, a store and an app in one process.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Run a gateway, a store that makes callbacks, and an app with an upload page.",
        discussion: "Everything listens on 127.0.0.1 only and keeps its objects in a temporary directory.")

    @Flag(help: "Make one upload through all of it, print a transcript and end; exit 0 only if all of it worked.")
    var once = false

    @Option(help: "The gateway's port; store, app and admin port take the next three. 0 takes free ones.")
    var port: UInt16 = 8080

    @Flag(help: "With --once: print one JSON object instead.")
    var json = false

    func validate() throws {
        if port > 65532 { throw ValidationError("--port can be 65532 at the most.") }
    }

    func run() throws {
        var signals = Signals()
        let environment = Environment(variables: Process.environment)
        let log = Log(
            writer: LogWriter(descriptor: once ? unsafe open("/dev/null", O_WRONLY) : 2), clock: environment.clock)
        let rig: DemoRig
        do { rig = try DemoRig(port: port, log: log, environment: environment) } catch {
            printError(error.description)
            throw error.isAddressInUse ? Exit.unavailable : Exit.software
        }
        defer {
            rig.stop()
            log.writer.close()
        }
        if once { return try makeOneUpload(rig) }
        printNow(
            """
            Upload page   \(rig.addresses.app)/
            Gateway       \(rig.addresses.edge)   try: curl -T FILE \(rig.addresses.edge)/photos/a.jpg
            Store (OSS)   \(rig.addresses.store)   objects below \(rig.root)
            Status page   \(rig.addresses.admin)/   beside it /metrics and /readyz
            Control-C ends the demo and removes the objects.

            """)
        while signals.next() == .reload {}
    }

    private func makeOneUpload(_ rig: DemoRig) throws {
        let report = DemoUpload(rig).run()
        print(json ? report.json : report.transcript, terminator: json ? "\n" : "")
        if !report.succeeded { throw ExitCode.failure }
    }
}
