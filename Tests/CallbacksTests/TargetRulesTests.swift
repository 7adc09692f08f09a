// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Testing

@Suite struct TargetRulesTests {
    private func isForbidden(_ text: String) throws -> Bool {
        isForbidden(try #require(IPAddress(parsing: text)).bytes)
    }

    private func isForbidden(_ bytes: [UInt8]) -> Bool { TargetRules.isForbidden(bytes.span) }

    // First and last address of each block of IANA's IPv4 special-purpose registry, and of multicast.
    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
        "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
        "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.170", "192.0.0.255", "192.0.2.0", "192.0.2.255",
        "192.31.196.0", "192.31.196.255", "192.52.193.0", "192.52.193.255", "192.88.99.0", "192.88.99.255",
        "192.168.0.0", "192.168.255.255", "192.175.48.0", "192.175.48.255", "198.18.0.0", "198.19.255.255",
        "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0",
        "255.255.255.254", "255.255.255.255", "100.100.100.200",
    ])
    func `forbids special IPv4 addresses`(address: String) throws {
        #expect(try isForbidden(address))
        // As mapped, NAT64 and 6to4 forms, and in the former compatible form.
        #expect(try isForbidden("::ffff:\(address)"))
        #expect(try isForbidden("64:ff9b::\(address)"))
        #expect(try isForbidden("::\(address)"))
        let bytes = try #require(IPAddress(parsing: address)).bytes
        let sixToFour = [0x20, 0x02] + bytes + [UInt8](repeating: 0, count: 10)
        #expect(isForbidden(sixToFour))
    }

    // The neighbours of those blocks.
    @Test(arguments: [
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0",
        "192.31.195.255", "192.31.197.0", "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255",
        "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8",
    ])
    func `allows public IPv4 addresses`(address: String) throws {
        #expect(try !isForbidden(address))
        #expect(try !isForbidden("::ffff:\(address)"))
        #expect(try !isForbidden("64:ff9b::\(address)"))
        // The IPv4-compatible form was never public.
        #expect(try isForbidden("::\(address)"))
    }

    // IANA's IPv6 special-purpose registry, the blocks of RFC 4291, and what is not assigned.
    @Test(arguments: [
        "::", "::1", "::2", "::ffff:0:127.0.0.1", "64:ff9b:1::8.8.8.8", "64:ff9b:1::", "100::", "100::1",
        "100:0:0:1::", "2001::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:1::1", "2001:2::", "2001:3::",
        "2001:4:112::", "2001:10::", "2001:20::", "2001:30::", "2001:1ff:ffff::", "2001:db8::1",
        "2001:db8:ffff:ffff::", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::", "2620:4f:8000::1", "3fff::",
        "3fff:fff:ffff::", "5f00::1", "4000::", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
        "ff0e::1", "fd00:ec2::254",
    ])
    func `forbids special IPv6 addresses`(address: String) throws {
        #expect(try isForbidden(address))
    }

    @Test(arguments: [
        "2001:200::", "2001:4860:4860::8888", "2400:3200::1", "2606:4700::1111", "2001:db7:ffff::", "2001:db9::",
        "2620:4f:7fff::", "2620:4f:8001::", "2002:808:808::1", "3ffe::1", "3fff:1000::", "2a00::1",
    ])
    func `allows public IPv6 addresses`(address: String) throws {
        #expect(try !isForbidden(address))
    }

    @Test(arguments: [0, 1, 3, 5, 15, 17])
    func `forbids what is no address`(count: Int) {
        #expect(isForbidden([UInt8](repeating: 8, count: count)))
    }

    @Test(
        arguments: [
            ("1.2.3.4", [1, 2, 3, 4]), ("255.255.255.255", [255, 255, 255, 255]),
            ("::", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
            ("1::FFFF:8", [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 8]),
            ("::1.2.3.4", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
            ("1:2:3:4:5:6:1.2.3.4", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4]),
            ("1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]),
        ] as [(String, [UInt8])])
    func `reads addresses`(text: String, bytes: [UInt8]) {
        #expect(IPAddress(parsing: text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.+4", "1.2.3.", " 1.2.3.4", "0x7f.1.1.1", "2130706433",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::",
        "fe80::1%eth0",
        "[::1]", "1.2.3.4::", "::1.2.3", "1:", ":1", "::1:", "1:2:3:4:5:6:7:1.2.3.4",
    ])
    func `reads nothing else`(text: String) {
        #expect(IPAddress(parsing: text) == nil)
    }
}

@Suite struct TargetAllowanceTests {
    private func allows(_ pattern: String, _ host: String, _ port: Int, _ address: String) throws -> Bool {
        let allowance = TargetAllowance([try TargetPattern(parsing: pattern)])
        let bytes = try #require(IPAddress(parsing: address)).bytes
        let answer = allowance.allows(host: host, port: port, address: bytes.span)
        // What is allowed in the end must not be refused before the address is known.
        if answer { #expect(allowance.mayAllow(host: host, port: port)) }
        return answer
    }

    @Test(arguments: [
        ("app.example.com", "APP.example.com.", 80, "8.8.8.8"),
        ("app.example.com", "app.example.com", 8080, "10.0.0.1"),
        ("app:8000", "app", 8000, "172.17.0.2"), ("*.example.com", "a.b.Example.com", 443, "8.8.8.8"),
        ("*.example.com:8443", "a.example.com", 8443, "2606:4700::1111"), ("127.0.0.1", "127.0.0.1", 9, "127.0.0.1"),
        ("127.0.0.1:8000", "127.0.0.1", 8000, "127.0.0.1"), ("10.1.0.0/16", "internal", 80, "10.1.255.255"),
        ("10.1.0.0/16", "internal", 80, "::ffff:10.1.2.3"), ("::1", "::1", 80, "::1"), ("[::1]:80", "::1", 80, "::1"),
        ("fd00::/8", "x", 80, "fdff::1"), ("0.0.0.0/0", "x", 80, "127.0.0.1"),
        ("203.0.113.4/30", "x", 1, "203.0.113.7"),
    ])
    func `allows`(pattern: String, host: String, port: Int, address: String) throws {
        #expect(try allows(pattern, host, port, address))
    }

    @Test(arguments: [
        ("app.example.com", "example.com", 80, "8.8.8.8"), ("app.example.com", "xapp.example.com", 80, "8.8.8.8"),
        ("app:8000", "app", 8001, "172.17.0.2"), ("*.example.com", "example.com", 80, "8.8.8.8"),
        ("*.example.com", "a.example.com.evil.org", 80, "8.8.8.8"), ("*.example.com", "aexample.com", 80, "8.8.8.8"),
        // A name below the wildcard that points inwards.
        ("*.example.com", "a.example.com", 80, "127.0.0.1"), ("*.example.com", "a.example.com", 80, "::ffff:10.0.0.1"),
        ("*.example.com:8443", "a.example.com", 443, "8.8.8.8"), ("127.0.0.1:8000", "127.0.0.1", 80, "127.0.0.1"),
        ("10.1.0.0/16", "internal", 80, "10.2.0.0"), ("10.1.0.0/16", "10.1.0.1", 80, "fd00::1"),
        ("203.0.113.4/30", "x", 1, "203.0.113.8"), ("fd00::/8", "x", 80, "10.0.0.1"),
    ])
    func `refuses`(pattern: String, host: String, port: Int, address: String) throws {
        #expect(try !allows(pattern, host, port, address))
    }

    @Test func `refuses early what no address could change`() throws {
        let allowance = TargetAllowance([
            try TargetPattern(parsing: "*.example.com"), try TargetPattern(parsing: "app:1"),
        ])
        #expect(allowance.mayAllow(host: "a.example.com", port: 80))
        #expect(!allowance.mayAllow(host: "app", port: 2) && !allowance.mayAllow(host: "8.8.8.8", port: 80))
        let withBlock = TargetAllowance([try TargetPattern(parsing: "10.0.0.0/8")])
        #expect(withBlock.mayAllow(host: "anything", port: 80) && withBlock.mayAllow(host: "10.9.9.9", port: 80))
        #expect(!withBlock.mayAllow(host: "127.0.0.1", port: 80))
        #expect(!TargetAllowance().mayAllow(host: "app", port: 80))
        let address: [UInt8] = [8, 8, 8, 8]
        let isAllowed = TargetAllowance().allows(host: "8.8.8.8", port: 80, address: address.span)
        #expect(!isAllowed)
    }

    @Test(arguments: [
        "", "*", "*.", "a b", "http://a", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "a/8",
        "*.10.0.0.1",
        "a:", "a:0", "*example.com", "a*.example.com", "fd00::/129", "10.0.0.0/08", "[::1",
    ])
    func `refuses what is no pattern`(text: String) {
        #expect(throws: CallbackURL.Problem.self) { try TargetPattern(parsing: text) }
    }
}
