// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import Eventing

/// An event loop that the test's own thread runs, for as long as something is waited for.
///
/// All that belongs to the loop is thus made, used and looked at on one thread; peers have threads of their own.
package final class LoopDriver: DeadlineHandler {
    /// What was waited for did not come.
    package struct Waited: Error, CustomStringConvertible {
        package let description: String
    }

    /// Long enough for a slow machine under a sanitizer; only a failing test takes it.
    private static let patience = Duration.seconds(20)

    package let loop: EventLoop
    private lazy var ticker = DeadlineTimer(loop: loop, handler: self)
    private var condition: () -> Bool = { true }
    private var isMet = false
    private var end = Instant(nanoseconds: 0)

    package init() throws { loop = try EventLoop() }

    /// Runs the loop until `condition` holds.
    ///
    /// - Throws: ``Waited`` when it does not come to hold.
    package func run(_ what: String = "the condition", until condition: @escaping () -> Bool) throws {
        isMet = condition()
        guard !isMet else { return }
        self.condition = condition
        defer { self.condition = { true } }
        end = Instant.now + Self.patience
        ticker.start(.milliseconds(1))
        loop.run()
        ticker.cancel()
        guard isMet else { throw Waited(description: "\(what) did not come in time") }
    }

    /// Runs the loop until the turn after next, so that what is due now has happened.
    package func turn() throws {
        var turns = 0
        loop.onNextTurn { [loop] in
            turns = 1
            loop.onNextTurn { turns = 2 }
        }
        try run("the next turn") { turns == 2 }
    }

    /// Runs the loop until `script` ended.
    ///
    /// - Throws: what the script threw.
    package func run(until script: Script) throws {
        try run("the end of the script") { script.isDone }
        try script.check()
    }

    package func deadlinePassed(_ timer: DeadlineTimer) {
        isMet = condition()
        if isMet || end <= .now { loop.stop() } else { timer.start(.milliseconds(1)) }
    }
}
