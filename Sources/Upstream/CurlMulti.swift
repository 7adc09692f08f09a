// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import CLibCurl
package import Eventing
internal import Glibc

/// One curl multi handle driven by one event loop. Loop thread only.
///
/// It keeps one ``FileEvent`` for each socket that curl asks about and one timer, as libcurl's event interface wants
/// (curl_multi_socket_action(3)). A timeout of zero means the next turn of the loop, never a call back into curl.
@safe
package final class CurlMulti: DeadlineHandler {
    package let loop: EventLoop
    private let multi: OpaquePointer
    private var sockets: [Int32: CurlSocket] = [:]
    /// By the address of their easy handle.
    private var transfers: [UInt: CurlTransfer] = [:]
    private lazy var timer = DeadlineTimer(loop: loop, handler: self)

    package init(loop: EventLoop) {
        self.loop = loop
        Self.initialiseLibrary()
        guard let multi = unsafe curl_multi_init() else { preconditionFailure("curl_multi_init has memory") }
        unsafe self.multi = OpaquePointer(multi)
        // Unretained: deinit removes every handle and ends the multi before the object is gone.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe check(
            pb_multi_set_socket(
                multi,
                { _, socket, what, context, _ in
                    unsafe CurlMulti.from(context).socketChanged(socket, interest: what)
                    return 0
                }, context))
        unsafe check(
            pb_multi_set_timer(
                multi,
                { _, milliseconds, context in
                    unsafe CurlMulti.from(context).timerChanged(milliseconds)
                    return 0
                }, context))
    }

    deinit {
        for transfer in transfers.values { unsafe curl_multi_remove_handle(handle, transfer.easy) }
        unsafe curl_multi_cleanup(handle)
    }

    private var handle: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(multi) }

    /// curl_global_init(3) is not thread-safe in every build; Swift runs this initialiser once.
    private static let libraryInitialised: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    private static func initialiseLibrary() {
        precondition(libraryInitialised, "libcurl initialises")
    }

    /// Starts `transfer`, which is kept until it is done or removed.
    func add(_ transfer: CurlTransfer) {
        loop.preconditionInLoop()
        transfers[transfer.address] = transfer
        unsafe check(curl_multi_add_handle(handle, transfer.easy))
    }

    /// Ends `transfer` without telling it; idempotent. Not from inside a curl callback.
    func remove(_ transfer: CurlTransfer) {
        guard transfers.removeValue(forKey: transfer.address) != nil else { return }
        unsafe check(curl_multi_remove_handle(handle, transfer.easy))
    }

    package func deadlinePassed(_ timer: DeadlineTimer) {
        act(socket: CURL_SOCKET_TIMEOUT, events: 0)
    }

    fileprivate func act(socket: Int32, events: Int32) {
        var running: Int32 = 0
        unsafe check(curl_multi_socket_action(handle, socket, events, &running))
        var result = CURLE_OK
        while let easy = unsafe pb_multi_next_done(handle, &result) {
            guard let transfer = transfers.removeValue(forKey: UInt(bitPattern: easy)) else { continue }
            transfer.willFinish(result)
            unsafe check(curl_multi_remove_handle(handle, easy))
            transfer.finished(CurlError(code: result, detail: transfer.errorText))
        }
    }

    private func socketChanged(_ socket: Int32, interest: Int32) {
        guard interest != CURL_POLL_REMOVE else {
            sockets.removeValue(forKey: socket)?.event.cancel()
            return
        }
        let entry = sockets[socket] ?? CurlSocket(multi: self, descriptor: socket)
        sockets[socket] = entry
        entry.event.wantsRead = interest & CURL_POLL_IN != 0
        entry.event.wantsWrite = interest & CURL_POLL_OUT != 0
    }

    private func timerChanged(_ milliseconds: Int) {
        guard milliseconds >= 0 else { return timer.cancel() }
        timer.cancel()
        timer.start(.milliseconds(milliseconds))
    }

    private func check(_ code: CURLMcode) {
        precondition(code == CURLM_OK, "curl multi calls fail on misuse only")
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlMulti {
        unsafe Unmanaged<CurlMulti>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }
}

/// One socket of curl's in the event loop.
private final class CurlSocket: FileEventHandler {
    private unowned let multi: CurlMulti
    private let descriptor: Int32
    lazy var event = FileEvent(loop: multi.loop, descriptor: descriptor, handler: self)

    init(multi: CurlMulti, descriptor: Int32) {
        self.multi = multi
        self.descriptor = descriptor
    }

    func fileReadable() { multi.act(socket: descriptor, events: CURL_CSELECT_IN) }
    func fileWritable() { multi.act(socket: descriptor, events: CURL_CSELECT_OUT) }
}
