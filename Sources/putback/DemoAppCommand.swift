// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Demo
internal import Eventing

/// `putback demo-app`: the demo's app without the rest.
struct DemoAppCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-app", abstract: "Run only the demo's app, for a gateway and a store elsewhere.",
        discussion: "It serves an upload page, takes callbacks at /uploaded and checks their signatures.")

    @Option(help: "The numeric address and port to listen on, such as 0.0.0.0:8082.")
    var listen: String

    @Option(help: "The gateway's origin, as browsers reach it; the gateway has to allow the app's origin (cors).")
    var uploads: String

    @Option(help: "The only URL that the public key of callbacks is taken from.")
    var key: String

    func run() throws {
        guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...]),
            let address = SocketAddress(numeric: String(listen[..<colon].filter { $0 != "[" && $0 != "]" }), port: port)
        else { throw ValidationError("--listen wants a numeric address and a port, not '\(listen)'.") }
        var signals = Signals()
        let app: DemoApp
        do { app = try DemoApp(address: address) } catch {
            printError(error.description)
            throw error.isAddressInUse ? Exit.unavailable : Exit.software
        }
        let thread = app.start(uploadBase: uploads, keyURL: key)
        printNow("Upload page   http://\(app.address)/\n")
        while signals.next() == .reload {}
        app.stop()
        thread.join()
    }
}
