// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LoopTesting
import Testing

@testable import Eventing

@Suite struct InstantTests {
    @Test func `adds durations and measures what passed`() {
        let start = Instant(nanoseconds: 1_000_000_000)
        let later = start + .milliseconds(1500)
        #expect(later.nanoseconds == 2_500_000_000)
        #expect(start < later)
        #expect(later.since(start) == .milliseconds(1500))
        #expect(later.milliseconds(since: start) == 1500)
        #expect((start + .nanoseconds(999_999)).milliseconds(since: start) == 0)
    }

    @Test func `knows no negative time`() {
        let start = Instant(nanoseconds: 5)
        #expect((start + .seconds(-1)) == start)
        #expect(start.since(start + .seconds(1)) == .zero)
        #expect(start.milliseconds(since: start + .seconds(1)) == 0)
    }

    @Test func `never goes back`() {
        let first = Instant.now
        #expect(first <= Instant.now)
    }

    @Test(
        arguments: [
            (.nanoseconds(1), 1), (.microseconds(3), 3000), (.seconds(2), 2_000_000_000), (.zero, 0),
            (.seconds(-5), 0), (.nanoseconds(-1), 0), (.seconds(10_000_000_000), UInt64(Int64.max)),
        ] as [(Duration, UInt64)])
    func `counts the nanoseconds of a duration within bounds`(duration: Duration, nanoseconds: UInt64) {
        #expect(duration.wholeNanoseconds == nanoseconds)
    }
}

@Suite struct LockedTests {
    @Test func `loses no change of many threads`() throws {
        let counter = Locked(0)
        let scripts = (0..<8).map { _ in
            Script { for _ in 0..<2000 { counter.withLock { $0 += 1 } } }
        }
        let driver = try LoopDriver()
        try driver.run { scripts.allSatisfy(\.isDone) }
        #expect(counter.withLock { $0 } == 16_000)
    }

    @Test func `is free again after its body threw`() {
        struct Trouble: Error {}
        let value = Locked(1)
        #expect(throws: Trouble.self) { try value.withLock { _ in throw Trouble() } }
        #expect(value.withLock { $0 } == 1)
    }
}

@Suite struct ThreadTests {
    @Test func `runs its body under its name, with no signal for it, and is joined`() throws {
        let name = Locked("")
        let blocksSignals = Locked(false)
        let thread = Eventing::Thread.start(name: "putback-test") {
            let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            name.withLock { $0 = text ?? "" }
            var mask = sigset_t()
            unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
            let blocked = unsafe sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1
            blocksSignals.withLock { $0 = blocked }
        }
        thread.join()
        #expect(name.withLock { $0 } == "putback-test\n")
        #expect(blocksSignals.withLock { $0 })
    }

    @Test func `leaves the signals of the thread that starts it as they are`() {
        var before = sigset_t()
        var after = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &before)
        Eventing::Thread.start(name: "short") {}.join()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &after)
        let same = (1...31).allSatisfy { unsafe sigismember(&before, $0) == sigismember(&after, $0) }
        #expect(same)
    }
}

@Suite struct SocketAddressTests {
    @Test(
        arguments: [
            ("127.0.0.1", "127.0.0.1:80", true), ("127.255.0.1", "127.255.0.1:80", true),
            ("10.1.2.3", "10.1.2.3:80", false), ("::1", "[::1]:80", true), ("2001:db8:0::1", "[2001:db8::1]:80", false),
            ("0.0.0.0", "0.0.0.0:80", false), ("::", "[::]:80", false),
        ])
    func `reads numeric addresses and writes them`(text: String, description: String, isLoopback: Bool) throws {
        let address = try #require(SocketAddress(numeric: text, port: 80))
        #expect(address.description == description)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: ["", "localhost", "127.1", "1.2.3.4.5", "[::1]", "::1%lo", "256.0.0.1", "1.2.3.4 "])
    func `resolves no names and guesses nothing`(text: String) {
        #expect(SocketAddress(numeric: text, port: 80) == nil)
    }

    @Test func `gives an IPv4 address mapped into IPv6 as what it is`() throws {
        let mapped = try #require(SocketAddress(numeric: "::ffff:10.0.0.1", port: 1))
        #expect(mapped.octets == [10, 0, 0, 1])
        let loopback = try #require(SocketAddress(numeric: "::1", port: 1))
        #expect(loopback.octets.count == 16)
        #expect(SocketAddress(kind: .unix(path: "/x"), port: 0).octets == [])
    }

    @Test func `describes errors by what was attempted`() {
        let error = EventError(operation: "bind 127.0.0.1:80", code: EACCES)
        #expect(error.description == "bind 127.0.0.1:80: Permission denied")
        #expect(!error.isAddressInUse)
        #expect(EventError(operation: "bind", code: EADDRINUSE).isAddressInUse)
        #expect(EventError(operation: "read", reason: "why").description == "read: why")
    }

    @Test func `names the libraries that are loaded`() {
        #expect(LibraryVersion.libevent.hasPrefix("2."))
        #expect(LibraryVersion.openssl.hasPrefix("3."))
    }
}
