// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent

/// Who is told that a file descriptor can be read or written.
package protocol FileEventHandler: AnyObject {
    /// The descriptor has input, is at its end, or failed.
    func fileReadable()
    /// The descriptor takes output again.
    func fileWritable()
}

/// Level-triggered interest in one file descriptor. Loop thread only; does not own the descriptor.
@safe
package final class FileEvent {
    package let loop: EventLoop
    /// Unowned: whoever handles the events owns this object.
    private unowned let handler: any FileEventHandler
    /// `[read, write]`, assigned once and added or deleted as the interest changes.
    private let events: UnsafeMutablePointer<event>
    private var isReading = false
    private var isWriting = false

    /// Registers no interest yet.
    package init(loop: EventLoop, descriptor: Int32, handler: any FileEventHandler) {
        loop.preconditionInLoop()
        self.loop = loop
        self.handler = handler
        unsafe events = .allocate(capacity: 2)
        // Unretained: deinit deletes both events before the object is gone.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe event_assign(
            events, loop.rawBase, descriptor, Int16(EV_READ | EV_PERSIST),
            { _, _, context in unsafe FileEvent.handler(context).fileReadable() }, context)
        unsafe event_assign(
            events + 1, loop.rawBase, descriptor, Int16(EV_WRITE | EV_PERSIST),
            { _, _, context in unsafe FileEvent.handler(context).fileWritable() }, context)
    }

    deinit {
        cancel()
        unsafe events.deallocate()
    }

    /// Whether `fileReadable` is called while there is input.
    package var wantsRead: Bool {
        get { isReading }
        set {
            guard newValue != isReading else { return }
            isReading = newValue
            _ = unsafe newValue ? event_add(events, nil) : event_del(events)
        }
    }

    /// Whether `fileWritable` is called while output is taken.
    package var wantsWrite: Bool {
        get { isWriting }
        set {
            guard newValue != isWriting else { return }
            isWriting = newValue
            _ = unsafe newValue ? event_add(events + 1, nil) : event_del(events + 1)
        }
    }

    /// Ends all interest; must come before the descriptor is closed.
    package func cancel() {
        wantsRead = false
        wantsWrite = false
    }

    /// Who is told of the event that begins. It is held while it is told, and the file event is not looked at any more: its
    /// owner may let it go.
    private static func handler(_ context: UnsafeMutableRawPointer?) -> any FileEventHandler {
        unsafe Unmanaged<FileEvent>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef { event in
            event.loop.eventBegins()
            return event.handler
        }
    }
}
