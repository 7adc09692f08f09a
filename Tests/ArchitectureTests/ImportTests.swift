// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

/// SwiftPM lets a target import what its dependencies depend on, so the layers hold only because this suite reads
/// every import line.
@Suite struct ImportTests {
    /// Module by module what it may import, lowest layer first; the map is in Sources/README.md.
    static let allowed: [String: Set<String>] = [
        "Octets": [],
        "Digests": ["COpenSSL", "CISAL", "Octets"],
        "Eventing": ["CLibEvent", "COpenSSL"],
        "HTTPWire": ["Octets"],
        "HTTPServing": ["Eventing", "HTTPWire", "Octets"],
        "Upstream": ["Eventing", "HTTPWire", "Octets", "CLibCurl"],
        "Signing": ["Digests", "Octets", "HTTPWire"],
        "Dialects": ["Signing", "HTTPWire", "Octets"],
        "Callbacks": ["Digests", "HTTPWire", "Octets"],
        "Settings": ["Dialects", "Callbacks", "HTTPWire", "Digests", "Octets", "CYAML"],
        "DirectoryStore": ["Digests", "Octets", "CLinux"],
        "Gateway": [
            "Settings", "DirectoryStore", "Dialects", "Callbacks", "Signing", "Upstream", "HTTPServing", "HTTPWire",
            "Eventing", "Digests", "Octets",
        ],
        "Demo": [
            "Gateway", "Settings", "DirectoryStore", "Callbacks", "Upstream", "HTTPServing", "HTTPWire", "Eventing",
            "Digests", "Octets",
        ],
        "putback": ["Demo", "Gateway", "Settings", "Eventing", "ArgumentParser"],
    ]

    /// The C library and the atomics come with the toolchain and cost nothing.
    static let everywhere: Set<String> = ["Glibc", "Synchronization", "Swift"]

    /// Modules of C: their types never appear in a signature that another module sees.
    static let systemLibraries: Set<String> = ["CLibEvent", "CLibCurl", "COpenSSL", "CISAL", "CYAML", "CLinux"]

    @Test(arguments: SourceFile.sources)
    func `imports only what its layer allows`(file: SourceFile) {
        #expect(Self.violations(of: file) == [])
    }

    @Test func `knows every module of the package`() {
        let folders = Set(SourceFile.sources.map(\.module))
        #expect(folders == Set(Self.allowed.keys))
    }

    @Test func `draws arrows downwards only`() {
        var layers: [String: Int] = [:]
        var open = Self.allowed.mapValues { $0.filter { Self.allowed[$0] != nil } }
        while !open.isEmpty {
            let ready = open.filter { $0.value.allSatisfy { layers[$0] != nil } }
            guard !ready.isEmpty else { break }
            for (module, below) in ready {
                layers[module] = (below.compactMap { layers[$0] }.max() ?? 0) + 1
                open[module] = nil
            }
        }
        #expect(open.isEmpty, "these modules form a circle: \(open.keys.sorted())")
    }

    @Test func `sees through every way to write an import`() {
        #expect(ImportStatement("private import CLibCurl") == ImportStatement(access: "private", module: "CLibCurl"))
        #expect(ImportStatement("@testable import Octets") == ImportStatement(access: "", module: "Octets"))
        #expect(ImportStatement("import struct Foundation.Date") == ImportStatement(access: "", module: "Foundation"))
        #expect(ImportStatement("let important = 1") == nil)
        let wrong = SourceFile(
            path: "Sources/Octets/Wrong.swift",
            lines: ["import Foundation", "// import Glob", "package import HTTPWire  // why"])
        #expect(Self.violations(of: wrong).count == 2)
        let leaking = SourceFile(path: "Sources/Digests/Leaking.swift", lines: ["package import COpenSSL"])
        #expect(Self.violations(of: leaking).count == 1)
    }

    static func violations(of file: SourceFile) -> [String] {
        let mayImport = (allowed[file.module] ?? []).union(everywhere)
        return file.imports.compactMap { line, statement in
            if !mayImport.contains(statement.module) {
                return "\(file.path):\(line): \(file.module) may not import \(statement.module)"
            }
            if systemLibraries.contains(statement.module), ["package", "public"].contains(statement.access) {
                return "\(file.path):\(line): C modules are imported private or internal"
            }
            return nil
        }
    }
}
