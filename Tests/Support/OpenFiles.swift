// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Descriptors and processor time of this process.
package enum Process {
    /// Whether `descriptor` is open.
    package static func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    /// How many sockets are open; of use in a process that does one thing at a time, such as an exit test's. Other files are
    /// not counted: the test runner opens and closes its own.
    package static var openSockets: Int {
        (Int32(0)..<1024).count { descriptor in
            var status = stat()
            return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
        }
    }

    /// Processor time that the calling thread used so far.
    package static var threadTime: Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
