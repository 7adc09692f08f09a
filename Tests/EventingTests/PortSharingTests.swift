// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Eventing

/// Two groups of sockets on one port, as two processes have them.
@Suite struct PortSharingTests {
    private static let loopback = SocketAddress(numeric: "127.0.0.1", port: 0)!

    private struct Group {
        var sockets: [ListeningSocket]
        let sharing: PortSharing

        init(_ address: SocketAddress, count: Int, besideOthers: Bool = false) throws {
            sockets = try ListeningSocket.bind(address, count: count, besideOthers: besideOthers)
            guard case .port(let sharing) = sockets[0].origin else { preconditionFailure("ports have this origin") }
            self.sharing = sharing
        }

        /// How many connections wait in each queue; takes them out.
        func accepted() -> [Int] {
            sockets.map { socket in
                var count = 0
                while case let descriptor = accept(socket.descriptor, nil, nil), descriptor >= 0 {
                    close(descriptor)
                    count += 1
                }
                return count
            }
        }

        mutating func closeOne(at index: Int) { sockets.remove(at: index).close() }

        func close() { for socket in sockets { socket.close() } }
        private func close(_ descriptor: Int32) { Glibc.close(descriptor) }
    }

    /// Connects `count` times; the connections stay open until the body ends.
    private func withClients(_ count: Int, of address: SocketAddress, _ body: () -> Void) {
        let clients = (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let result = unsafe address.withRaw { unsafe connect(descriptor, $0, $1) }
            #expect(result == 0)
            return descriptor
        }
        body()
        for descriptor in clients { close(descriptor) }
    }

    @Test func `knows the sockets that listen on an address and no others`() throws {
        let group = try Group(Self.loopback, count: 3)
        let other = try Group(Self.loopback, count: 1)
        defer { [group, other].forEach { $0.close() } }
        #expect(PortSharing.listeningInodes(on: group.sockets[0].address).count == 3)
        #expect(PortSharing.listeningInodes(on: other.sockets[0].address).count == 1)
        #expect(PortSharing.listeningInodes(on: SocketAddress(numeric: "127.0.0.1", port: 1)!) == [])
        #expect(PortSharing.listeningInodes(on: SocketAddress(kind: .unix(path: "/x"), port: 0)) == [])
    }

    @Test func `knows those of IPv6`() throws {
        let six = try #require(SocketAddress(numeric: "::1", port: 0))
        guard let group = try? Group(six, count: 2) else { return }  // a machine without IPv6
        defer { group.close() }
        #expect(PortSharing.listeningInodes(on: group.sockets[0].address).count == 2)
    }

    @Test func `has nobody to steer to when it is alone`() throws {
        let group = try Group(Self.loopback, count: 2)
        defer { group.close() }
        #expect(!group.sharing.hasOthers && !group.sharing.steerAway())
        withClients(20, of: group.sockets[0].address) { #expect(group.accepted().reduce(0, +) == 20) }
    }

    @Test(arguments: [(old: 1, new: 1), (old: 2, new: 2), (old: 1, new: 3), (old: 3, new: 2)])
    func `steers connections to those who came later`(old: Int, new: Int) throws {
        let first = try Group(Self.loopback, count: old)
        let second = try Group(first.sockets[0].address, count: new, besideOthers: true)
        defer { [first, second].forEach { $0.close() } }
        #expect(first.sharing.steerAway())
        withClients(100, of: first.sockets[0].address) {
            #expect(first.accepted().reduce(0, +) == 0)
            // By chance, each has its share: none at all in 100 is as likely as 2⁻⁵⁰.
            #expect(second.accepted().allSatisfy { $0 > 0 })
        }
    }

    @Test func `steers connections to those who were there before`() throws {
        let first = try Group(Self.loopback, count: 2)
        let second = try Group(first.sockets[0].address, count: 2, besideOthers: true)
        defer { [first, second].forEach { $0.close() } }
        #expect(second.sharing.steerAway())
        withClients(100, of: first.sockets[0].address) {
            #expect(second.accepted() == [0, 0])
            #expect(first.accepted().allSatisfy { $0 > 0 })
        }
    }

    @Test(arguments: [[0, 0, 0], [2, 1, 0], [1, 1, 0]], [3, 5])
    func `gets no connection while its sockets close, in any order`(order: [Int], new: Int) throws {
        var first = try Group(Self.loopback, count: 3)
        let address = first.sockets[0].address
        let second = try Group(address, count: new, besideOthers: true)
        defer { second.close() }
        first.sharing.steerAwayWhileClosing()
        for index in order {
            withClients(20, of: address) {
                #expect(first.accepted().reduce(0, +) == 0)
                #expect(second.accepted().reduce(0, +) == 20)
            }
            first.closeOne(at: index)
        }
        // Then the choice is the kernel's again.
        withClients(200, of: address) { #expect(second.accepted().allSatisfy { $0 > 0 }) }
    }

    @Test func `takes away what one who has left had said`() throws {
        let first = try Group(Self.loopback, count: 1)
        let address = first.sockets[0].address
        let second = try Group(address, count: 1, besideOthers: true)
        #expect(first.sharing.steerAway())
        first.close()
        let third = try Group(address, count: 1, besideOthers: true)
        defer { [second, third].forEach { $0.close() } }
        withClients(100, of: address) {
            #expect(second.accepted()[0] > 0)
            #expect(third.accepted()[0] > 0)
        }
    }

    @Test func `does not guess where some came before and some later`() throws {
        let first = try Group(Self.loopback, count: 1)
        let address = first.sockets[0].address
        let second = try Group(address, count: 1, besideOthers: true)
        let third = try Group(address, count: 1, besideOthers: true)
        defer { [first, second, third].forEach { $0.close() } }
        #expect(!second.sharing.steerAway())
        #expect(first.sharing.steerAway() && third.sharing.steerAway())
    }
}
