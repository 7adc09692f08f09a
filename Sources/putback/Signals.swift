// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The signals that a server is controlled by, taken by the main thread, which does nothing else.
@safe
struct Signals {
    enum Event: Equatable {
        /// SIGTERM or SIGINT.
        case end
        /// SIGHUP.
        case reload
        case timeout
    }

    private var set = sigset_t()

    /// Blocks the signals in this thread; to be called before any other thread starts.
    init() {
        unsafe sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for a signal, at most `milliseconds`; nil for ever.
    mutating func next(milliseconds: Int? = nil) -> Event {
        while true {
            var signal: Int32 = 0
            if let milliseconds {
                var wait = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
                signal = unsafe sigtimedwait(&set, nil, &wait)
                if signal < 0, errno == EAGAIN { return .timeout }
            } else {
                unsafe sigwait(&set, &signal)
            }
            switch signal {
            case SIGTERM, SIGINT: return .end
            case SIGHUP: return .reload
            default: continue
            }
        }
    }
}
