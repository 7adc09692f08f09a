// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DirectoryStore

/// How keys become names.
@Suite struct KeyTests {
    @Test(
        arguments: [
            ("a", ["media"], "=a"), ("photos/2026/cat.jpg", ["media", "photos", "2026"], "=cat.jpg"),
            ("a/", ["media", "a"], "="), ("/a", ["media", "%"], "=a"), ("a//b", ["media", "a", "%"], "=b"),
            ("/", ["media", "%"], "="), ("//", ["media", "%", "%"], "="), ("a b+c%", ["media"], "=a b+c%25"),
            ("=a/=b=c", ["media", "%3Da"], "=%3Db=c"), ("%/%+", ["media", "%25"], "=%25+"),
            ("...", ["media"], "=..."), (".hidden/.x", ["media", ".hidden"], "=.x"),
            ("中文/😀.png", ["media", "中文"], "=😀.png"), ("\n\u{7F}\\", ["media"], "=%0A%7F\\"),
        ] as [(String, [String], String)])
    func `writes keys so that an operator can read them`(key: String, directories: [String], file: String) throws {
        let path = try ObjectPath(bucket: "media", key: Array(key.utf8))
        #expect(path.directories == directories && path.file == file)
    }

    @Test func `escapes what is not UTF-8`() throws {
        let path = try ObjectPath(bucket: "media", key: [0xFF, 0x2F, 0xC3, 0x41, 0xE4, 0xB8])
        #expect(path.directories == ["media", "%FF"] && path.file == "=%C3A%E4%B8")
    }

    @Test func `continues long segments in directories`() throws {
        let path = try ObjectPath(bucket: "media", key: Array((String(repeating: "中", count: 100) + "/=").utf8))
        #expect(
            path.directories == ["media", String(repeating: "中", count: 83) + "%+", String(repeating: "中", count: 17)])
        let long = try ObjectPath(bucket: "media", key: [UInt8](repeating: 0xFF, count: 1023))
        #expect(long.directories.count == 13 && long.directories.dropFirst().allSatisfy { $0.hasSuffix("%FF%+") })
        let marks = try ObjectPath(bucket: "media", key: [UInt8](repeating: UInt8(ascii: "="), count: 300))
        #expect(marks.directories[1].hasPrefix("%3D=="))
        #expect(marks.file.hasPrefix("=%3D=="))
        let start = String(repeating: "x", count: 250)
        let parent = try ObjectPath(bucket: "media", key: Array("\(start)../\(start)./.a".utf8))
        #expect(parent.directories == ["media", "\(start)%+", "%2E.", "\(start)%+", "%2E"] && parent.file == "=.a")
    }

    @Test(arguments: ["", ".", "..", "a/..", "../a", "a/./b", "a/../b", "/..", "./", "a\0", "\0"])
    func `refuses`(key: String) throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let bytes = Array(key.utf8)
        #expect(code { try store.validate(bucket: "media", key: bytes) } == .invalidKey)
        #expect(code { try store.put(bytes, [1]) } == .invalidKey)
        #expect(code { _ = try store.head(bucket: "media", key: bytes) } == .invalidKey)
        #expect(code { _ = try store.open(bucket: "media", key: bytes) } == .invalidKey)
        #expect(code { _ = try store.delete(bucket: "media", key: bytes) } == .invalidKey)
        #expect(try root.files() == [])
    }

    @Test func `takes keys of 1023 bytes and no more`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        for unit in ["a", "a/", "/", "%", "=", "\n"] {
            let key = Array(Array(String(repeating: unit, count: 1024).utf8).prefix(1023))
            try store.put(key, [7])
            #expect(try store.data(key) == [7])
            #expect(code { try store.put(key + [65], [7]) } == .invalidKey)
            #expect(try store.delete(bucket: "media", key: key))
        }
    }

    @Test(arguments: ["", ".", "..", ".tmp", "a/b", "A", "-a", "a-", "a.", "_a", "a b", "a\0", "ä", "a%", "../a"])
    func `refuses the bucket`(bucket: String) throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        #expect(code { try store.put("key", [1], bucket: bucket) } == .invalidBucket)
        #expect(code { try store.validate(bucket: bucket, key: [65]) } == .invalidBucket)
    }

    @Test func `takes buckets of 1 to 63 characters`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        for bucket in ["a", "0", "my-bucket.example_1", String(repeating: "b", count: 63)] {
            try store.put("key", [1], bucket: bucket)
            #expect(try store.data("key", bucket: bucket) == [1])
        }
        #expect(code { try store.validate(bucket: String(repeating: "b", count: 64), key: [65]) } == .invalidBucket)
    }

    @Test func `keeps apart keys that look alike`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        let long = String(repeating: "x", count: 250)
        let keys = [
            "a", "a/", "a//", "a/b", "a/b/", "A", "A/b", "a+b", "a b", "a%20b", "a%2Fb", "%", "%25", "%+", "=", "=a",
            "%3D",
            "%3Da", "é", "e\u{301}", long, long + "/", long + "%+", long + "%+/y", long + "y", long + "/y", long + "=",
            long + "=y", long + "/=y", long + "../key", long + "./key", "key", "media", ".tmp", "中", "中/", "😀",
        ]
        for (index, key) in keys.enumerated() { try store.put(key, [UInt8(index)]) }
        for (index, key) in keys.enumerated() { #expect(try store.data(key) == [UInt8(index)], "\(key)") }
        #expect(try root.files(below: "media").count == keys.count)
        for key in keys { #expect(try store.delete(bucket: "media", key: Array(key.utf8)), "\(key)") }
    }

    @Test func `gives every random key a path of its own that leads back to it`() throws {
        var random = SeededGenerator(seed: 2)
        let pool: [[UInt8]] =
            ["/", "=", "%", "+", "%+", "%2", ".", "a", "é", "中", "😀", "\n"].map { Array($0.utf8) } + [
                [0xFF], [0xE4], [0xB8],
            ]
        for _ in 0..<3000 {
            let length = Int.random(in: 1...60, using: &random)
            var key = (0..<length).flatMap { _ in pool.randomElement(using: &random) ?? [] }
            if Bool.random(using: &random) {
                let count = Int.random(in: 200...800, using: &random)
                key = [UInt8](repeating: pool.randomElement(using: &random)?.first ?? 0, count: count) + key
            }
            guard let path = try? ObjectPath(bucket: "media", key: key) else { continue }
            #expect(Self.key(of: path) == key)
            for name in path.directories + [path.file] {
                #expect((1...255).contains(name.utf8.count) && name != "." && name != ".." && !name.contains("/"))
            }
            #expect(path.file.hasPrefix("=") && !path.directories.contains { $0.hasPrefix("=") })
        }
    }

    @Test func `stores and finds random keys of any bytes`() throws {
        let root = try TemporaryRoot()
        let store = try root.openStore()
        var random = SeededGenerator(seed: 3)
        var expected: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<150 {
            let key = random.bytes(upTo: 40).map { $0 % 5 == 0 ? UInt8(ascii: "/") : $0 }
            let data = random.bytes(upTo: 20)
            guard code({ try store.validate(bucket: "media", key: key) }) == nil else { continue }
            try store.put(key, data)
            expected[key] = data
        }
        #expect(expected.count > 50)
        for (key, data) in expected { #expect(try store.data(key) == data) }
    }

    /// The rules of `ObjectPath` backwards.
    private static func key(of path: ObjectPath) -> [UInt8] {
        var key: [UInt8] = []
        for name in path.directories.dropFirst() {
            let continues = name.hasSuffix("%+")
            key += unescape(continues ? String(name.dropLast(2)) : name == "%" ? "" : name)
            if !continues { key.append(UInt8(ascii: "/")) }
        }
        return key + unescape(String(path.file.dropFirst()))
    }

    private static func unescape(_ name: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            result.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return result
    }
}
