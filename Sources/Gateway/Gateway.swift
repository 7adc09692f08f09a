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
        /// The exact address of each listener, by the address that was configured.
        var bound: [(configured: ListenAddress, address: SocketAddress)] = []
        var publicKeyURL: String?
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
    /// - Throws: ``EventError`` naming the address or file; then nothing was started.
    package func start(_ settings: Settings) throws(EventError) {
        let adminSocket = try Self.bind(settings.admin, count: 1)[0]
        let publicKeyURL = "http://\(adminSocket.address)/callback-key.pem"
        let snapshot = try Snapshot(settings: settings, publicKeyURL: publicKeyURL)
        let sockets = try bindListeners(settings, known: [], workers: settings.workers)
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
        for (number, worker) in workers.enumerated() {
            worker.apply(snapshot, sockets: sockets.mapValues { $0[number] })
        }
        // The admin port's is the first.
        var threads = [Thread.start(name: "admin") { admin.run() }]
        for (number, worker) in workers.enumerated() {
            threads.append(Thread.start(name: "loop-\(number)") { worker.loop.run() })
        }
        let started = State(
            snapshot: snapshot, workers: workers, threads: threads, admin: admin,
            bound: settings.listeners.indices.compactMap { index in
                sockets[index].map { (settings.listeners[index].address, $0[0].address) }
            }, publicKeyURL: publicKeyURL)
        state.withLock { $0 = started }
        // First, so that who waits for the announcement finds it true.
        readiness.set(.ready)
        notes?.abortLeftovers(on: workers[0])
        announce(settings, started, adminSocket.address)
    }

    /// Takes new settings into use, or throws and leaves the old ones. Uploads go on with those that they began with.
    package func reload(_ settings: Settings) throws(EventError) {
        let current = state.withLock { $0 }
        let snapshot = try Snapshot(
            settings: settings, previous: current.snapshot, publicKeyURL: current.publicKeyURL)
        let known = current.bound.map(\.configured)
        let sockets = try bindListeners(settings, known: known, workers: current.workers.count)
        state.withLock { state in
            state.snapshot = snapshot
            state.bound = settings.listeners.indices.compactMap { index in
                let configured = settings.listeners[index].address
                if let new = sockets[index] { return (configured, new[0].address) }
                return current.bound.first { $0.configured == configured }
            }
        }
        counters.budget.setLimit(bytes: settings.limits.bufferBytes)
        current.admin?.publish(snapshot)
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

    /// Fails readiness, stops accepting and lets uploads finish; `completion` is called, on any thread, when all did.
    package func drain(_ completion: @escaping @Sendable () -> Void) {
        readiness.set(.draining)
        let workers = state.withLock { $0.workers }
        let left = Locked(workers.count)
        for worker in workers {
            worker.loop.execute {
                worker.drain {
                    let none = left.withLock { count in
                        count -= 1
                        return count == 0
                    }
                    if none { completion() }
                }
            }
        }
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
        disk.close()
    }

    // MARK: - Sockets

    /// Sockets for the listeners whose address is not among the known ones: one for each worker.
    private func bindListeners(
        _ settings: Settings, known: [ListenAddress], workers: Int
    ) throws(EventError) -> [Int: [ListeningSocket]] {
        var sockets: [Int: [ListeningSocket]] = [:]
        for (index, listener) in settings.listeners.enumerated() where !known.contains(listener.address) {
            do throws(EventError) {
                sockets[index] = try Self.bind(listener.address, count: workers)
            } catch {
                for socket in sockets.values.joined() { socket.close() }
                throw error
            }
        }
        return sockets
    }

    private static func bind(_ address: ListenAddress, count: Int) throws(EventError) -> [ListeningSocket] {
        switch address {
        case .tcp(let host, let port):
            guard let numeric = SocketAddress(numeric: host, port: port) else {
                throw EventError(operation: "bind \(address)", reason: "the address is not numeric")
            }
            return try ListeningSocket.bind(numeric, count: count)
        case .unix(let path, let mode):
            let socket = SocketAddress(kind: .unix(path: path), port: 0)
            return try ListeningSocket.bind(socket, count: count, mode: mode.map { UInt32($0) })
        }
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
