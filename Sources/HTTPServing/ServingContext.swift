// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing
package import HTTPWire
internal import Octets

/// What a client may take, and for how long.
package struct ServingLimits: Sendable {
    package var wire = WireLimits.client
    /// From the first byte of a head, or from accepting a connection, to the head's end.
    package var head = Interval.seconds(10)
    /// The longest gap between two reads of a body, while the client is the one who is waited for.
    package var bodyIdle = Interval.seconds(60)
    /// The least bytes a body must bring in each window of ``minimumRateWindow``; 0 for no rule.
    package var minimumRateBytes: UInt64 = 30 * 1024
    /// The length of the windows in which a body's rate is looked at.
    package var minimumRateWindow = Interval.seconds(30)
    /// How long a connection may wait for its next request.
    package var keepAlive = Interval.seconds(60)
    /// The longest gap while a client takes its answer.
    package var answerIdle = Interval.seconds(60)
    /// How long what a refused client still sends is read and dropped, so that it gets to read its answer.
    package var linger = Interval.seconds(5)

    package init() {}
}

/// What all client connections of one loop share. Loop thread only.
package final class ServingContext {
    package let loop: EventLoop
    package let limits: ServingLimits
    /// Unix seconds, for the Date header.
    package let wallClock: () -> Int64
    let scratch = Scratch(size: ServerConnection.largestReadLimit)
    let pipes: PipePool
    let budget: MemoryBudget
    /// Where the bodies of answers are composed, whose length stands in front of them; empty between two of them.
    var answerBody = OctetBuffer(capacity: 1024)
    /// What it may keep of its memory.
    static let keptBytes = 64 * 1024
    /// Connections that are read from in large pieces now.
    var largeReaders = 0
    private var dateText: [UInt8] = []
    private var dateSecond = Int64.min

    /// - Parameters:
    ///   - pipes: those of the loop, where several contexts share it.
    ///   - budget: where long answers count that clients do not take.
    package init(
        loop: EventLoop, limits: ServingLimits, pipes: PipePool? = nil, budget: MemoryBudget = MemoryBudget(),
        wallClock: @escaping () -> Int64
    ) {
        self.budget = budget
        self.loop = loop
        self.pipes = pipes ?? PipePool(loop: loop)
        self.limits = limits
        self.wallClock = wallClock
    }

    /// Appends the present as an IMF-fixdate (RFC 9110 §5.6.7), made anew once a second.
    func appendDate(to output: inout OctetBuffer) {
        let second = wallClock()
        if second != dateSecond {
            dateSecond = second
            dateText.removeAll(keepingCapacity: true)
            HTTPDate.append(second, to: &dateText)
        }
        output.append(dateText)
    }
}
