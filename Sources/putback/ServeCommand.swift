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
            ends; a second one ends at once.
            """)

    @OptionGroup var config: ConfigOption

    func run() throws {
        var signals = Signals()
        let settings = try config.load()
        raiseDescriptorLimit()
        let environment = Environment(variables: Process.environment)
        let log = Log(writer: LogWriter(descriptor: 2), clock: environment.clock)
        let gateway = Gateway(environment: environment, log: log)
        do { try gateway.start(settings) } catch {
            log.event("start-failed", level: .error) { $0.add("error", error.description) }
            log.writer.close()
            throw error.isAddressInUse ? Exit.unavailable : error.code == 0 ? Exit.config : Exit.software
        }
        var drainLimit = settings.timeouts.drainMilliseconds
        while signals.next() == .reload {
            if let milliseconds = reload(gateway, log) { drainLimit = milliseconds }
        }
        drain(gateway, log, &signals, milliseconds: drainLimit)
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

    /// The drain time of the new settings; nil where they were refused.
    private func reload(_ gateway: Gateway, _ log: Log) -> Int? {
        let result = SettingsLoader.load(path: config.path, environment: Process.environment)
        for problem in result.problems {
            log.event("config-problem", level: problem.severity == .error ? .error : .warning) { line in
                line.add("problem", problem.description)
            }
        }
        guard let settings = result.settings else {
            let first = result.problems.first { $0.severity == .error }
            gateway.reloadFailed(first?.description ?? "the config has errors")
            log.event("reload-failed", level: .error) { $0.add("error", "the config has errors; the old one stays") }
            return nil
        }
        do { try gateway.reload(settings) } catch {
            gateway.reloadFailed(error.description)
            log.event("reload-failed", level: .error) { $0.add("error", error.description) }
            return nil
        }
        log.event("reloaded") { $0.add("config", settings.version) }
        return settings.timeouts.drainMilliseconds
    }

    private func drain(_ gateway: Gateway, _ log: Log, _ signals: inout Signals, milliseconds: Int) {
        log.event("draining")
        let isDrained = Locked(false)
        gateway.drain { isDrained.withLock { $0 = true } }
        let slice = 20
        var waited = 0
        while !isDrained.withLock({ $0 }), waited < milliseconds {
            switch signals.next(milliseconds: slice) {
            case .timeout: waited += slice
            case .reload: continue
            case .end: return log.event("ended-by-second-signal", level: .warning)
            }
        }
        guard !isDrained.withLock({ $0 }) else { return }
        log.event("drain-timed-out", level: .warning)
        gateway.abortAll()
        for _ in 0..<50 where !isDrained.withLock({ $0 }) { _ = signals.next(milliseconds: slice) }
    }
}
