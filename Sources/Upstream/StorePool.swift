// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire

/// What the store connections of one loop share. Loop thread only.
package final class UpstreamContext {
    package let loop: EventLoop
    package let curl: CurlMulti
    package let limits: WireLimits
    /// One count: bytes of bodies that wait for a slow store.
    package let buffered: LoopCounters
    /// What answers that are kept whole take of memory.
    package let budget: MemoryBudget
    /// The read buffer for answers; another one than the clients', whose bytes may be in hand when an answer is read.
    let scratch = Scratch(size: 64 * 1024)

    package init(
        loop: EventLoop, limits: WireLimits = .store, buffered: LoopCounters = LoopCounters(count: 1),
        budget: MemoryBudget = MemoryBudget()
    ) {
        self.loop = loop
        self.limits = limits
        self.buffered = buffered
        self.budget = budget
        curl = CurlMulti(loop: loop)
    }
}

/// The connections of one loop to one store: made when needed, kept while they may be of use. Loop thread only.
package final class StorePool {
    package let context: UpstreamContext
    package let endpoint: StoreEndpoint
    let meter: StoreMeter
    private(set) var places: StorePlaces
    /// Unused connections, the one used last at the end: taking that one lets the others grow old and go.
    private var idle: [StoreConnection] = []
    /// TLS sessions are this pool's alone: its endpoint says by what name and authorities they were verified.
    let resumption = TLSResumption()
    private var isClosed = false
    /// Connections that exist, idle ones included.
    package private(set) var connectionCount = 0

    /// - Parameters:
    ///   - meter: where requests and connections are counted; several pools of one loop may share it.
    ///   - placeMeters: for each place of the endpoint, or none.
    package init(
        context: UpstreamContext, endpoint: StoreEndpoint, meter: StoreMeter = StoreMeter(),
        placeMeters: [PlaceMeter] = []
    ) {
        places = StorePlaces(endpoint, meters: placeMeters)
        self.context = context
        self.endpoint = endpoint
        self.meter = meter
    }

    package var idleCount: Int { idle.count }

    /// An unused connection, where there is one: to the place whose turn it is.
    func takeIdle() -> StoreConnection? {
        if places.all.count > 1 { return takeIdleByTurns() }
        while let connection = idle.popLast() {
            meter.idleChanged(by: -1)
            if connection.isUsable { return connection }
        }
        return nil
    }

    private func takeIdleByTurns() -> StoreConnection? {
        places.choose(now: context.loop.now)
        let place = places.current
        while let index = idle.lastIndex(where: { $0.place == place }) {
            let connection = idle.remove(at: index)
            meter.idleChanged(by: -1)
            if connection.isUsable { return connection }
        }
        return nil
    }

    /// A connection to this place could not be made, or a request on it got no answer.
    func failed(at place: Int) { places.failed(place, now: context.loop.now) }

    func succeeded(at place: Int) {
        if places.haveFailures { places.succeeded(place) }
    }

    /// Where to try once more after all of `tried` failed; nil if there is no other place.
    fileprivate func another(than tried: Set<Int>) -> Int? {
        places.chooseAnother(than: tried, now: context.loop.now)
    }

    /// Connects anew, to each place in turn until one takes the connection; `completion` is called in a later turn, with a connection whose TLS handshake is done.
    func dial(_ completion: @escaping (Result<StoreConnection, StoreFailure>) -> Void) -> PendingConnection {
        PendingConnection(pool: self, completion: completion)
    }

    /// Keeps a connection whose last exchange ended cleanly.
    func release(_ connection: StoreConnection) {
        succeeded(at: connection.place)
        guard !isClosed, idle.count < endpoint.idleLimit else { return connection.close() }
        idle.append(connection)
        meter.idleChanged(by: 1)
        connection.becomeIdle()
    }

    /// Forgets an idle connection that ended.
    func remove(_ connection: StoreConnection) {
        guard let index = idle.firstIndex(where: { $0 === connection }) else { return }
        idle.remove(at: index)
        meter.idleChanged(by: -1)
    }

    func connectionOpened() {
        connectionCount += 1
        meter.connectionsChanged(by: 1)
    }

    func connectionClosed() {
        connectionCount -= 1
        meter.connectionsChanged(by: -1)
    }

    /// Closes the idle connections, and each other one when its exchange is over.
    package func close() {
        isClosed = true
        let connections = idle
        idle = []
        meter.idleChanged(by: -connections.count)
        for connection in connections { connection.close() }
    }
}

/// A connection that is being made: dialling, then TLS. Loop thread only.
final class PendingConnection: ByteStreamHandler, DeadlineHandler {
    private let pool: StorePool
    private var completion: ((Result<StoreConnection, StoreFailure>) -> Void)?
    private var dial: Dial?
    private var stream: ByteStream?
    private lazy var timer = DeadlineTimer(loop: pool.context.loop, handler: self)
    private var started = Instant.now
    private var place: Int
    /// Places that failed.
    private var tried: Set<Int> = []

    init(pool: StorePool, completion: @escaping (Result<StoreConnection, StoreFailure>) -> Void) {
        self.pool = pool
        self.completion = completion
        place = pool.places.current
        connect()
    }

    private func connect() {
        // The closure and this object hold each other until the dial is over or cancelled.
        dial = Dial(multi: pool.context.curl, endpoint: pool.endpoint, place: pool.places.all[place]) { result in
            self.dialled(result)
        }
    }

    func cancel() {
        completion = nil
        timer.cancel()
        dial?.cancel()
        dial = nil
        stream?.close()
        stream = nil
    }

    private func dialled(_ result: Result<Int32, StoreFailure>) {
        dial = nil
        switch result {
        case .failure(let failure):
            failed(failure)
        case .success(let descriptor):
            guard let tls = pool.endpoint.tls else {
                return connected(ByteStream(loop: pool.context.loop, descriptor: descriptor))
            }
            startTLS(tls, descriptor)
        }
    }

    private func startTLS(_ tls: TLSContext, _ descriptor: Int32) {
        do {
            let stream = try ByteStream(
                loop: pool.context.loop, descriptor: descriptor, context: tls,
                serverName: pool.endpoint.serverName ?? pool.endpoint.host,
                sendsServerName: pool.endpoint.sendsServerName, resumption: pool.resumption)
            self.stream = stream
            stream.handler = self
            stream.readEnabled = true
            timer.deadline = started + pool.endpoint.connectTimeout
            shakeHands()
        } catch {
            failed(StoreFailure(.tls, error.description))
        }
    }

    private func shakeHands() {
        guard let stream else { return }
        switch stream.handshake() {
        case .bytes:
            self.stream = nil
            connected(stream)
        case .wouldBlock:
            break
        case .end:
            failed(StoreFailure(.tls, "the store closed the connection during the TLS handshake"))
        case .failed(let error):
            failed(StoreFailure(.tls, error.description))
        }
    }

    func streamReadable(_ stream: ByteStream) { shakeHands() }
    func streamWritable(_ stream: ByteStream) { shakeHands() }

    func deadlinePassed(_ timer: DeadlineTimer) {
        failed(StoreFailure(.connectTimeout, "the TLS handshake was not done in time"))
    }

    private func connected(_ stream: ByteStream) {
        pool.succeeded(at: place)
        finish(.success(StoreConnection(pool: pool, stream: stream, place: place)))
    }

    /// Goes on to the next place: nothing was sent, so nothing can be done twice.
    private func failed(_ failure: StoreFailure) {
        timer.cancel()
        stream?.close()
        stream = nil
        pool.failed(at: place)
        tried.insert(place)
        guard let next = pool.another(than: tried) else { return finish(.failure(failure)) }
        pool.meter.retried(.nextAddress)
        place = next
        started = .now
        connect()
    }

    private func finish(_ result: Result<StoreConnection, StoreFailure>) {
        timer.cancel()
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }
}
