// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
internal import Gateway
internal import Settings

/// A gateway under control of signals and of a service manager, from its start to its end. Main thread only.
struct Server {
    private let gateway: Gateway
    private let log: Log
    private let manager: ServiceManager
    private let path: String
    private var signals: Signals
    private var heartbeat: Heartbeat
    private var drainMilliseconds: Int
    private var summary: String

    /// Takes over a gateway that has started with `settings`, which came from the file at `path`.
    init(_ gateway: Gateway, _ settings: Settings, path: String, log: Log, signals: Signals, manager: ServiceManager) {
        self.gateway = gateway
        self.log = log
        self.manager = manager
        self.path = path
        self.signals = signals
        heartbeat = Heartbeat(gateway: gateway, manager: manager)
        drainMilliseconds = settings.timeouts.drainMilliseconds
        summary = Self.summary(settings)
    }

    /// Serves until a signal ends it and the uploads under way are over.
    mutating func run() {
        manager.ready(summary)
        while true {
            switch next(milliseconds: nil) {
            case .reload: reload()
            case .end: return end()
            case .timeout: continue
            }
        }
    }

    // MARK: - Reload

    private mutating func reload() {
        manager.reloading()
        let result = SettingsLoader.load(path: path, environment: Process.environment)
        for problem in result.problems {
            log.event("config-problem", level: problem.severity == .error ? .error : .warning) { line in
                line.add("problem", problem.description)
            }
        }
        guard let settings = result.settings else {
            let first = result.problems.first { $0.severity == .error }
            return reloadFailed(
                first?.description ?? "the config has errors", logged: "the config has errors; the old one stays")
        }
        do { try gateway.reload(settings) } catch { return reloadFailed(error.description, logged: error.description) }
        log.event("reloaded") { $0.add("config", settings.version) }
        drainMilliseconds = settings.timeouts.drainMilliseconds
        summary = Self.summary(settings)
        manager.ready(summary)
    }

    private func reloadFailed(_ error: String, logged: String) {
        gateway.reloadFailed(error)
        log.event("reload-failed", level: .error) { $0.add("error", logged) }
        manager.ready("\(summary); the last reload was refused")
    }

    private static func summary(_ settings: Settings) -> String {
        "serving, listeners: \(settings.listeners.count), routes: \(settings.routes.routes.count)"
    }

    // MARK: - End

    /// How long connections that were sent here may be on their way, while others take the new ones.
    private static let arrivalMilliseconds = 1000

    private mutating func end() {
        log.event("draining")
        manager.stopping("draining: uploads that have begun are finished")
        if gateway.leave() {
            log.event("left-to-others")
            if wait(milliseconds: Self.arrivalMilliseconds, until: { false }) == .secondSignal { return endAtOnce() }
        }
        let isDrained = Locked(false)
        gateway.drain { isDrained.withLock { $0 = true } }
        switch wait(milliseconds: drainMilliseconds, until: { isDrained.withLock { $0 } }) {
        case .done: return
        case .secondSignal: return endAtOnce()
        case .timeout: break
        }
        log.event("drain-timed-out", level: .warning)
        gateway.abortAll()
        _ = wait(milliseconds: Self.arrivalMilliseconds, until: { isDrained.withLock { $0 } })
    }

    private func endAtOnce() { log.event("ended-by-second-signal", level: .warning) }

    private enum Waited { case done, timeout, secondSignal }

    private mutating func wait(milliseconds: Int, until isDone: () -> Bool) -> Waited {
        let slice = 20
        var waited = 0
        while !isDone() {
            guard waited < milliseconds else { return .timeout }
            switch next(milliseconds: slice) {
            case .timeout: waited += slice
            case .reload: continue
            case .end: return .secondSignal
            }
        }
        return .done
    }

    /// The next signal; meanwhile the watchdog hears what it wants to.
    private mutating func next(milliseconds: Int?) -> Signals.Event {
        let wait = [milliseconds, heartbeat.period].compactMap { $0 }.min()
        let event = signals.next(milliseconds: wait)
        if event == .timeout { heartbeat.passed(milliseconds: wait ?? 0) }
        return event
    }
}

/// What the service manager's watchdog hears: that every loop answered since it heard so the last time.
private struct Heartbeat {
    /// Half of what the watchdog asks for, as sd_watchdog_enabled(3) recommends; nil without a watchdog.
    let period: Int?
    private let gateway: Gateway
    private let manager: ServiceManager
    private let hasAnswered = Locked(true)
    private var waited = 0

    init(gateway: Gateway, manager: ServiceManager) {
        self.gateway = gateway
        self.manager = manager
        period = manager.watchdogMilliseconds.map { max(1, $0 / 2) }
    }

    mutating func passed(milliseconds: Int) {
        waited += milliseconds
        guard let period, waited >= period, hasAnswered.withLock({ $0 }) else { return }
        waited = 0
        manager.alive()
        hasAnswered.withLock { $0 = false }
        gateway.probe { [hasAnswered] in hasAnswered.withLock { $0 = true } }
    }
}
