// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLibEvent
internal import Glibc

/// The sockets of this process on one port, among those of other processes of the same user (`SO_REUSEPORT`). Any thread.
///
/// What closes a listening socket resets the connections that wait in its queue, unless nothing arrives there any more: so
/// a process that leaves first steers new connections to the others, goes on accepting until those that were on their way
/// have arrived, and closes then.
package final class PortSharing: Sendable {
    private let address: SocketAddress
    private let descriptors: [Int32]
    /// Inodes of the sockets that were there before those of this process.
    private let predecessors: Set<UInt64>

    /// To be made before the sockets listen, with what ``listeningInodes(on:)`` says then.
    init(address: SocketAddress, descriptors: [Int32], predecessors: Set<UInt64>) {
        self.address = address
        self.descriptors = descriptors
        self.predecessors = predecessors
    }

    /// Steers new connections to the sockets of the other processes, in equal shares.
    ///
    /// - Returns: false where there are none, or where it cannot be told which are theirs.
    package func steerAway() -> Bool {
        guard let others = others() else { return false }
        return pb_reuseport_steer(descriptors[0], UInt32(others.first), UInt32(others.count)) == 0
    }

    /// Whether another process listens on the port.
    package var hasOthers: Bool { others() != nil }

    /// The same for the time in which the sockets close one after the other.
    ///
    /// The kernel fills the place of a socket that left with the last one (`reuseport_detach_sock`). The index chosen here
    /// is another process's until the last socket is gone, and is none from then on, which leaves the choice to the kernel
    /// again; unless the others are fewer.
    package func steerAwayWhileClosing() {
        guard let others = others(), others.first > 0 else { return }
        _ = pb_reuseport_steer(descriptors[0], UInt32(max(others.first, others.count)), 1)
    }

    /// Gives all sockets of the port their share, whatever a process that left had said. Before that one left, too: it
    /// says it again.
    func share() { pb_reuseport_unsteer(descriptors[0]) }

    /// The indices of the others: they come after those of this process if they came later, else before.
    private func others() -> (first: Int, count: Int)? {
        let own = Set(descriptors.compactMap(Self.inode))
        let all = Self.listeningInodes(on: address)
        guard own.count == descriptors.count, own.isSubset(of: all) else { return nil }
        let others = all.subtracting(own)
        let earlier = others.intersection(predecessors).count
        if others.isEmpty || earlier != 0 && earlier != others.count { return nil }
        return (first: earlier == 0 ? own.count : 0, count: others.count)
    }

    private static func inode(_ descriptor: Int32) -> UInt64? {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// The listening sockets of this machine on exactly this address, as proc_net(5) tells: these first, as `tcp_seq_start`
    /// of Linux has it.
    static func listeningInodes(on address: SocketAddress) -> Set<UInt64> {
        let file: String
        switch address.kind {
        case .internet4: file = "/proc/self/net/tcp"
        case .internet6: file = "/proc/self/net/tcp6"
        case .unix: return []
        }
        let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { Glibc.close(descriptor) }
        let local = hexadecimal(address)
        var inodes: Set<UInt64> = []
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return inodes }
            rest += chunk[..<count]
            var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = Array(lines.removeLast())
            for line in lines {
                // sl local_address rem_address st tx:rx tr:when retransmits uid timeout inode, below a line of titles.
                let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
                guard fields.count > 9, fields[0].last == UInt8(ascii: ":") else { continue }
                // 0A is TCP_LISTEN. Behind the sockets that listen come the connections, which may be many thousands.
                guard fields[3].elementsEqual("0A".utf8) else { return inodes }
                guard fields[1].elementsEqual(local.utf8) else { continue }
                if let inode = UInt64(String(decoding: fields[9], as: UTF8.self)) { inodes.insert(inode) }
            }
        }
    }

    /// As the kernel prints it: words of four octets, each a number of this machine, then the port.
    private static func hexadecimal(_ address: SocketAddress) -> String {
        let octets: [UInt8] =
            switch address.kind {
            case .internet4(let octets), .internet6(let octets): octets
            case .unix: []
            }
        let words = stride(from: 0, to: octets.count, by: 4).map { start in
            padded(octets[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }.littleEndian, 8)
        }
        return words.joined() + ":" + padded(UInt32(address.port), 4)
    }

    private static func padded(_ number: UInt32, _ width: Int) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
