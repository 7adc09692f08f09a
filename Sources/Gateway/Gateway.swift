// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import Settings
internal import Synchronization

/// The gateway as one object: loops, listeners and admin port, from start to the end of the drain. Any thread.
///
/// Each loop has its own listening sockets, connections and pools; a reload posts one immutable ``Snapshot`` to all.
package final class Gateway: Sendable {
    private struct State: Sendable {
        var snapshot: Snapshot?
        var workers: [Worker] = []
        var threads: [Thread] = []
        var admin: AdminServer?
        var sweeper: UploadSweeper?
        /// The exact address of each listener, by the address that was configured, and where it is from.
        var bound: [Bound] = []
        var adminOrigin: ListeningSocket.Origin?
        var publicKeyURL: String?
    }

    private struct Bound: Sendable {
        let configured: ListenAddress
        let address: SocketAddress
        let origin: ListeningSocket.Origin

        init(_ configured: ListenAddress, _ socket: ListeningSocket) {
            self.configured = configured
            address = socket.address
            origin = socket.origin
        }
    }

    private let environment: Environment
    private let log: Log
    private let disk: DiskPool
    private let counters = SharedCounters()
    private let readiness = Readiness()
    private let metrics: Metrics
    private let state = Locked(State())

    package init(environment: Environment, log: Log) {
        self.environment = environment
        self.log = log
        disk = DiskPool(threads: 4)
        metrics = Metrics(shared: counters, log: log.writer, milliseconds: environment.clock.milliseconds)
    }

    /// Binds all addresses and starts to serve.
    ///
    /// - Parameters:
    ///   - inherited: sockets that the process was started with; each must belong to a listener.
    ///   - besideOthers: shares the addresses with a gateway that runs already.
    /// - Throws: ``EventError`` naming the address or file; then nothing was started.
    package func start(
        _ settings: Settings, inherited: [InheritedSocket] = [], besideOthers: Bool = false
    ) throws(EventError) {
        var addresses = ListenerAddresses(inherited: inherited, besideOthers: besideOthers)
        let adminSocket = try addresses.bind("admin", settings.admin, count: 1)[0]
        let publicKeyURL = "http://\(adminSocket.address)/callback-key.pem"
        let snapshot = try Snapshot(settings: settings, publicKeyURL: publicKeyURL)
        let sockets = try bindListeners(settings, known: [], workers: settings.workers, &addresses)
        try addresses.refuseUnused()
        counters.budget.setLimit(bytes: settings.limits.bufferBytes)
        var notes: MultipartNotes?
        if let path = settings.statePath { notes = try MultipartNotes(path: path, queue: disk.queue(), log: log) }
        var workers: [Worker] = []
        for _ in 0..<settings.workers {
            workers.append(
                Worker(
                    loop: try EventLoop(), environment: environment, log: log, disk: disk, counters: counters,
                    metrics: metrics.addShard(), notes: notes))
        }
        metrics.started(version: settings.version)
        let admin = AdminServer(
            loop: try EventLoop(), workers: workers, readiness: readiness, metrics: metrics, environment: environment,
            socket: adminSocket)
        admin.publish(snapshot)
        let sweeper = UploadSweeper(loop: admin.loop, metrics: metrics, log: log)
        for (number, worker) in workers.enumerated() {
            worker.apply(snapshot, sockets: sockets.mapValues { $0[number] })
        }
        // The admin port's is the first.
        var threads = [Thread.start(name: "admin") { admin.run() }]
        for (number, worker) in workers.enumerated() {
            threads.append(Thread.start(name: "loop-\(number)") { worker.loop.run() })
        }
        let started = State(
            snapshot: snapshot, workers: workers, threads: threads, admin: admin, sweeper: sweeper,
            bound: settings.listeners.indices.compactMap { index in
                sockets[index].map { Bound(settings.listeners[index].address, $0[0]) }
            }, adminOrigin: adminSocket.origin, publicKeyURL: publicKeyURL)
        state.withLock { $0 = started }
        // First, so that who waits for the announcement finds it true.
        readiness.set(.ready)
        notes?.abortLeftovers(on: workers[0])
        sweeper.publish(snapshot)
        announce(settings, started, adminSocket.address)
    }

    /// Takes new settings into use, or throws and leaves the old ones. Uploads go on with those that they began with.
    package func reload(_ settings: Settings) throws(EventError) {
        let current = state.withLock { $0 }
        let snapshot = try Snapshot(
            settings: settings, previous: current.snapshot, publicKeyURL: current.publicKeyURL)
        let known = current.bound.map(\.configured)
        var addresses = ListenerAddresses()
        let sockets = try bindListeners(settings, known: known, workers: current.workers.count, &addresses)
        let bound = settings.listeners.indices.compactMap { index in
            let configured = settings.listeners[index].address
            if let new = sockets[index] { return Bound(configured, new[0]) }
            return current.bound.first { $0.configured == configured }
        }
        state.withLock { state in
            state.snapshot = snapshot
            state.bound = bound
        }
        for old in current.bound where !bound.contains(where: { $0.configured == old.configured }) {
            if case .file(let file) = old.origin { file.remove() }
        }
        counters.budget.setLimit(bytes: settings.limits.bufferBytes)
        current.admin?.publish(snapshot)
        current.sweeper?.publish(snapshot)
        for (number, worker) in current.workers.enumerated() {
            let own = sockets.mapValues { $0[number] }
            worker.loop.execute { worker.apply(snapshot, sockets: own) }
        }
        metrics.reloaded(version: settings.version, milliseconds: environment.clock.milliseconds)
    }

    /// Notes, for metrics and status page, that new settings were not taken into use, and why.
    package func reloadFailed(_ error: String) { metrics.reloadFailed(error) }

    /// The address of a listener with the port that the kernel chose.
    package func address(ofListener name: String) -> SocketAddress? {
        state.withLock { state in
            guard let listener = state.snapshot?.settings.listeners.first(where: { $0.name == name }) else {
                return nil
            }
            return state.bound.first { $0.configured == listener.address }?.address
        }
    }

    package var adminAddress: SocketAddress? { state.withLock { $0.admin?.address } }

    // MARK: - End

    /// Fails readiness, and sends new connections to other processes that share the addresses.
    ///
    /// - Returns: whether there are any; then connections are on their way here for a moment more.
    package func leave() -> Bool {
        readiness.set(.draining)
        var hasOthers = false
        for origin in origins() {
            if case .port(let sharing) = origin, sharing.steerAway() { hasOthers = true }
        }
        return hasOthers
    }

    /// Fails readiness, stops accepting and lets uploads finish; `completion` is called, on any thread, when all did.
    package func drain(_ completion: @escaping @Sendable () -> Void) {
        readiness.set(.draining)
        for origin in origins() {
            switch origin {
            case .port(let sharing): sharing.steerAwayWhileClosing()
            case .file(let file): file.remove()
            case .inherited: break
            }
        }
        let (workers, admin) = state.withLock { ($0.workers, $0.admin) }
        // Alone, the admin port goes on to say that the gateway drains.
        if case .port(let sharing) = state.withLock({ $0.adminOrigin }), sharing.hasOthers { admin?.leave() }
        let countdown = Countdown(workers.count, completion)
        for worker in workers { worker.loop.execute { worker.drain { countdown.oneDone() } } }
    }

    /// Calls `completion`, on any thread, once every loop has got round to it.
    package func probe(_ completion: @escaping @Sendable () -> Void) {
        let (workers, admin) = state.withLock { ($0.workers, $0.admin) }
        let loops = workers.map(\.loop) + [admin?.loop].compactMap { $0 }
        let countdown = Countdown(loops.count, completion)
        for loop in loops { loop.execute { countdown.oneDone() } }
    }

    /// Ends uploads that did not finish; those of stores that were cut off are not stored.
    package func abortAll() {
        for worker in state.withLock({ $0.workers }) { worker.loop.execute { worker.abortAll() } }
    }

    /// Ends the loops and waits for their threads.
    package func stop() {
        let (workers, threads, admin) = state.withLock { ($0.workers, $0.threads, $0.admin) }
        // First, so that the loops that it asks for the status page are there to answer.
        admin?.stop()
        threads.first?.join()
        for worker in workers {
            worker.loop.execute { worker.end() }
            worker.loop.stop()
        }
        for thread in threads.dropFirst() { thread.join() }
        state.withLock { $0.sweeper }?.close()
        disk.close()
    }

    // MARK: - Sockets

    private func origins() -> [ListeningSocket.Origin] {
        state.withLock { state in state.bound.map(\.origin) + [state.adminOrigin].compactMap { $0 } }
    }

    /// Sockets for the listeners whose address is not among the known ones: one for each worker.
    private func bindListeners(
        _ settings: Settings, known: [ListenAddress], workers: Int, _ addresses: inout ListenerAddresses
    ) throws(EventError) -> [Int: [ListeningSocket]] {
        var sockets: [Int: [ListeningSocket]] = [:]
        for (index, listener) in settings.listeners.enumerated() where !known.contains(listener.address) {
            do throws(EventError) {
                sockets[index] = try addresses.bind(listener.name, listener.address, count: workers)
            } catch {
                for socket in sockets.values.joined() { socket.close() }
                throw error
            }
        }
        return sockets
    }

    /// One line for each address, so that who started Putback with port 0 learns the ports.
    private func announce(_ settings: Settings, _ state: State, _ admin: SocketAddress) {
        for (listener, bound) in zip(settings.listeners, state.bound) {
            log.event("listening") { line in
                line.add("listener", listener.name)
                line.add("address", bound.address.description)
                line.add("dialect", listener.dialectWord)
            }
            guard listener.clientsIndex == nil, !bound.address.isLoopback else { continue }
            log.event("open-listener", level: .warning) { line in
                line.add("listener", listener.name)
                line.add("address", bound.address.description)
                line.add("error", "anybody who reaches this address may upload; name clients for it")
            }
        }
        log.event("listening") { line in
            line.add("listener", "admin")
            line.add("address", admin.description)
        }
        let bound = MemoryBound(settings)
        if let limit = MemoryLimit.containerBytes, limit < bound.bytes {
            log.event("memory-bound", level: .warning) { line in
                line.add("bound", bound.description)
                line.add("limit", number: UInt64(limit))
                line.add("error", "clients may make Putback need more memory than it may have; lower the limits")
            }
        }
        log.event("ready") { line in
            line.add("workers", number: UInt64(state.workers.count))
            line.add("memoryBound", number: UInt64(bound.bytes))
            line.add("config", settings.version)
        }
    }
}

/// Calls `completion` once all of a number of parts are done. Any thread.
private final class Countdown: Sendable {
    private let left: Locked<Int>
    private let completion: @Sendable () -> Void

    init(_ count: Int, _ completion: @escaping @Sendable () -> Void) {
        left = Locked(count)
        self.completion = completion
    }

    func oneDone() {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { completion() }
    }
}
