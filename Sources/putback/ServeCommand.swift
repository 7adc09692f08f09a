// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Eventing
internal import Gateway
internal import Glibc
internal import Settings

/// `putback serve`: the gateway, until a signal ends it.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway.",
        discussion: """
            SIGHUP reads the config again; a bad one is logged and the old one stays. SIGTERM lets uploads finish and \
            ends; a second one ends at once. Sockets that systemd passes belong to the listeners of their names or \
            addresses, and systemd is told what happens.
            """)

    @OptionGroup var config: ConfigOption

    @Flag(
        help: """
            Share the addresses with a gateway of the same user that runs already, to take over from it: once this one is \
            ready, SIGTERM to the other loses no connection.
            """)
    var takeOver = false

    func run() throws {
        let variables = Process.environment
        let signals = Signals()
        let settings = try config.load()
        raiseDescriptorLimit()
        let environment = Environment(variables: variables)
        let log = Log(writer: LogWriter(descriptor: 2), clock: environment.clock)
        let gateway = Gateway(environment: environment, log: log)
        do throws(EventError) {
            try gateway.start(settings, inherited: try InheritedSocket.all(variables), besideOthers: takeOver)
        } catch {
            log.event("start-failed", level: .error) { $0.add("error", error.description) }
            log.writer.close()
            throw error.isAddressInUse ? Exit.unavailable : error.code == 0 ? Exit.config : Exit.software
        }
        var server = Server(
            gateway, settings, path: config.path, log: log, signals: signals, manager: ServiceManager(variables))
        server.run()
        gateway.stop()
        log.event("stopped")
        log.writer.close()
    }

    /// Shells give 1024 descriptors unless asked; a gateway takes what it may.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
