// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Tells systemd, or what works like it, how the process is (sd_notify(3)); says nothing where nobody asked.
struct ServiceManager {
    /// The socket's address; a first byte of zero is a name in the abstract namespace (unix(7)).
    private let path: [UInt8]?
    /// How often the watchdog wants to hear of the process; nil where there is none.
    let watchdogMilliseconds: Int?

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    init(_ variables: [String: String]) {
        var path = Array((variables["NOTIFY_SOCKET"] ?? "").utf8)
        // Of its kinds of address only those of the machine itself.
        if path.first == UInt8(ascii: "@") { path[0] = 0 } else if path.first != UInt8(ascii: "/") { path = [] }
        self.path = path.isEmpty || path.count >= Self.pathCapacity ? nil : path
        let isForThis = variables["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let microseconds = variables["WATCHDOG_USEC"].flatMap { Int($0) } ?? 0
        watchdogMilliseconds = isForThis && microseconds > 0 ? max(1, microseconds / 1000) : nil
    }

    /// Serves from here on, also after ``reloading()``.
    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    func reloading() {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)\nSTATUS=reading the config")
    }

    func stopping(_ status: String) { send("STOPPING=1\nSTATUS=\(status)") }

    /// All loops are alive.
    func alive() { send("WATCHDOG=1") }

    private static let pathCapacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    /// One datagram. Nobody waits for it: a manager that went away is no reason to stop.
    private func send(_ text: String) {
        guard let path else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        // The length ends an abstract name, which may hold zeros.
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - Self.pathCapacity + path.count)
        let bytes = Array(text.utf8)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
