// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Eventing
package import Settings
internal import Upstream

/// The most memory that a process with these settings comes to need, whatever clients, stores and apps do: what each of
/// them can make it hold, counted at its limit.
///
/// Bytes in the kernel (sockets, pipes) are not in it; a container's limit counts those too.
package struct MemoryBound: Sendable {
    package struct Item: Sendable {
        package let what: String
        package let bytes: Int
    }

    package let items: [Item]
    package var bytes: Int { items.reduce(0) { $0 + $1.bytes } }

    /// Code, libraries, tables and the threads' stacks; 21 MiB of it are there in an idle process.
    private static let processBytes = 40 << 20
    /// Buffers for reading and composing, and the larger reads of the few fast uploads.
    private static let loopBytes = 12 << 20
    /// Connection, parser, timer and their part of the allocator's overhead.
    private static let connectionBytes = 8 << 10
    /// What OpenSSL holds of one, with the record that is read.
    private static let tlsBytes = 48 << 10
    /// Upload, request, plan and exchange, beside the head that they were made of.
    private static let uploadBytes = 8 << 10
    /// What waits, and what is being written.
    private static let logBytes = 2 * LogWriter.bound

    package init(_ settings: Settings) {
        let limits = settings.limits
        let uploads = min(limits.uploadsInFlight, max(1, limits.bufferBytes / MemoryBudget.shareBytes))
        // The bytes as they came, the fields that were made of them, and what waits of an ordinary answer.
        let perConnection = Self.connectionBytes + 2 * limits.headBytes + MemoryRoom.usualBytes
        var items = [
            Item(what: "process", bytes: Self.processBytes + settings.workers * Self.loopBytes),
            Item(what: "log", bytes: Self.logBytes),
            Item(what: "clients", bytes: limits.connections * perConnection),
            Item(what: "uploads", bytes: uploads * (Self.uploadBytes + limits.headBytes)),
            Item(what: "buffers", bytes: limits.bufferBytes),
        ]
        if settings.listeners.contains(where: { $0.tls != nil }) {
            items.append(Item(what: "client TLS", bytes: limits.connections * Self.tlsBytes))
        }
        let stores = settings.stores.compactMap { store -> RemoteStoreSettings? in
            if case .remote(let remote) = store.kind { remote } else { nil }
        }
        let idle = settings.workers * StoreEndpoint.usualIdleLimit
        let connections = { (count: Int) in count == 0 ? 0 : count * idle + uploads }
        items.append(Item(what: "stores", bytes: connections(stores.count) * Self.connectionBytes))
        let overTLS = connections(stores.count { $0.endpoint.isTLS })
        if overTLS > 0 { items.append(Item(what: "store TLS", bytes: overTLS * Self.tlsBytes)) }
        self.items = items
    }

    /// As in `612 MiB (process 64 MiB, clients 400 MiB, …)`.
    package var description: String {
        "\(Self.mebibytes(bytes)) (\(items.map { "\($0.what) \(Self.mebibytes($0.bytes))" }.joined(separator: ", ")))"
    }

    private static func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
}

/// What the system allows this process.
package enum MemoryLimit {
    /// The least limit of the control groups that the process is in (cgroup-v2 `memory.max`), nil where there is none.
    package static var containerBytes: Int? {
        // "0::/a/b" (cgroups(7)); in a container its own group looks like the root.
        let groups = text("/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }
        var path = groups.map { String($0.dropFirst(3)) } ?? "/"
        var least: Int?
        while true {
            let limit = text("/sys/fs/cgroup\(path == "/" ? "" : path)/memory.max")
            if let bytes = Int(limit.split(separator: "\n").first ?? "") { least = min(bytes, least ?? bytes) }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return least }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: (try? TextFile.read(path, maximumBytes: 1 << 16)) ?? [], as: UTF8.self)
    }
}
