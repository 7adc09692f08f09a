// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Eventing

/// A deadline that only remembers that it passed.
final class Alarm: DeadlineHandler {
    private(set) lazy var timer = DeadlineTimer(loop: loop, handler: self)
    private let loop: EventLoop
    private(set) var rang = false

    init(_ loop: EventLoop) { self.loop = loop }

    func deadlinePassed(_ timer: DeadlineTimer) { rang = true }
}
