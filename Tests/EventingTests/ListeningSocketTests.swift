// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LoopTesting
import Testing

@testable import Eventing

@Suite struct ListeningSocketTests {
    private static let loopback = SocketAddress(numeric: "127.0.0.1", port: 0)!

    private static func bindError(_ address: SocketAddress) -> EventError? {
        do throws(EventError) {
            for socket in try ListeningSocket.bind(address, count: 1) { socket.close() }
            return nil
        } catch {
            return error
        }
    }

    @Test func `binds a free port for all its loops`() throws {
        let sockets = try ListeningSocket.bind(Self.loopback, count: 3)
        defer { for socket in sockets { socket.close() } }
        #expect(sockets.count == 3)
        #expect(Set(sockets.map(\.descriptor)).count == 3)
        #expect(Set(sockets.map(\.address.port)).count == 1)
        #expect(sockets[0].address.port != 0)
        #expect(sockets[0].address.description == "127.0.0.1:\(sockets[0].address.port)")
    }

    @Test func `refuses a port that somebody has, although its own loops share it`() throws {
        let sockets = try ListeningSocket.bind(Self.loopback, count: 2)
        defer { for socket in sockets { socket.close() } }
        let error = try #require(Self.bindError(sockets[0].address))
        #expect(error.isAddressInUse)
        #expect(error.description == "bind \(sockets[0].address): Address already in use")
    }

    @Test func `binds a port again once it is closed`() throws {
        let sockets = try ListeningSocket.bind(Self.loopback, count: 1)
        sockets[0].close()
        #expect(Self.bindError(sockets[0].address) == nil)
    }

    @Test func `says which address it cannot have`() throws {
        // TEST-NET-1 (RFC 5737) is no machine's own.
        let foreign = try #require(SocketAddress(numeric: "192.0.2.1", port: 80))
        let error = try #require(Self.bindError(foreign))
        #expect(error.code == EADDRNOTAVAIL && !error.isAddressInUse)
        #expect(error.operation == "bind 192.0.2.1:80")
    }

    // MARK: - Unix sockets

    /// A folder of its own for a socket, removed afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "putback-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path + "/socket")
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `gives a Unix socket the permissions that were asked for`() throws {
        try withFolder { path in
            let address = SocketAddress(kind: .unix(path: path), port: 0)
            let sockets = try ListeningSocket.bind(address, count: 2, mode: 0o620)
            defer { for socket in sockets { socket.close() } }
            #expect(try mode(path) == 0o620)
            #expect(sockets.count == 2 && sockets[0].descriptor != sockets[1].descriptor)
            #expect(sockets[0].address.description == "unix:\(path)")
        }
    }

    @Test func `refuses the path of a Unix socket that is alive and leaves it alone`() throws {
        try withFolder { path in
            let address = SocketAddress(kind: .unix(path: path), port: 0)
            let sockets = try ListeningSocket.bind(address, count: 1, mode: 0o600)
            defer { sockets[0].close() }
            #expect(Self.bindError(address)?.isAddressInUse == true)
            #expect(try mode(path) == 0o600)
        }
    }

    @Test func `replaces the file of a Unix socket that nobody listens on`() throws {
        try withFolder { path in
            let address = SocketAddress(kind: .unix(path: path), port: 0)
            let first = try ListeningSocket.bind(address, count: 1, mode: 0o600)
            first[0].close()
            #expect(FileManager.default.fileExists(atPath: path))
            let second = try ListeningSocket.bind(address, count: 1, mode: 0o640)
            defer { second[0].close() }
            #expect(try mode(path) == 0o640)
        }
    }

    @Test func `never replaces a file that is no socket`() throws {
        try withFolder { path in
            try Data("precious".utf8).write(to: URL(filePath: path))
            #expect(Self.bindError(SocketAddress(kind: .unix(path: path), port: 0))?.isAddressInUse == true)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        }
    }

    @Test func `refuses a path that the kernel has no room for`() throws {
        try withFolder { path in
            let longest = path + String(repeating: "x", count: 107 - path.utf8.count)
            #expect(Self.bindError(SocketAddress(kind: .unix(path: longest), port: 0)) == nil)
            let error = Self.bindError(SocketAddress(kind: .unix(path: longest + "x"), port: 0))
            #expect(error?.reason == "the path is longer than 107 bytes")
        }
    }

    @Test func `refuses a path in a folder that is not there`() {
        let error = Self.bindError(SocketAddress(kind: .unix(path: "/nonexistent/putback/socket"), port: 0))
        #expect(error?.code == ENOENT)
    }
}
