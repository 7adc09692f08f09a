// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // Overlapping accesses are found by the debug build, which every test runs; in a release their check at run time
    // costs one instruction in twenty of a small upload.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
        resources: resources, swiftSettings: strict)
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// The layers, lowest first; Sources/README.md explains them and ArchitectureTests holds every import to them.
let package = Package(
    name: "putback",
    dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")],
    targets: [
        // 0: system libraries
        system("CLibEvent", pkgConfig: "libevent_core", apt: "libevent-dev"),
        system("CLibCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
        system("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
        system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        .systemLibrary(name: "CLinux"),
        // 1: leaves
        .target(
            name: "Octets",
            // A buffer that lends its bytes as a span has to say how long the span lives (SE-0446, SE-0456).
            swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
        library("Digests", ["COpenSSL", "CISAL", "Octets"]),
        // 2
        library("Eventing", ["CLibEvent", "COpenSSL"]),
        library("HTTPWire", ["Octets"]),
        // 3
        library("HTTPServing", ["Eventing", "HTTPWire"]),
        library("Upstream", ["Eventing", "HTTPWire", "CLibCurl"]),
        library("Signing", ["Digests", "Octets", "HTTPWire"]),
        // 4
        library("Dialects", ["Signing", "HTTPWire", "Octets"]),
        library("Callbacks", ["Digests", "HTTPWire", "Octets"]),
        // 5
        library("Settings", ["Dialects", "Callbacks", "HTTPWire", "Digests", "Octets", "CYAML"]),
        library("DirectoryStore", ["Digests", "Octets", "CLinux"]),
        // 6
        library(
            "Gateway",
            [
                "Settings", "DirectoryStore", "Dialects", "Callbacks", "Signing", "Upstream", "HTTPServing", "HTTPWire",
                "Eventing", "Digests", "Octets",
            ]),
        // 7
        library(
            "Demo",
            [
                "Gateway", "Settings", "DirectoryStore", "Callbacks", "Upstream", "HTTPServing", "HTTPWire", "Eventing",
                "Digests", "Octets",
            ]),
        .executableTarget(
            name: "putback", dependencies: ["Demo", "Gateway", "Settings", "Eventing", arguments],
            swiftSettings: strict),

        // What tests that need a loop and real sockets share.
        .target(name: "LoopTesting", dependencies: ["Eventing"], path: "Tests/Support", swiftSettings: strict),

        tests("Octets", []),
        tests("Digests", ["Octets"]),
        tests("Eventing", ["LoopTesting"]),
        tests("HTTPWire", ["Octets"]),
        tests("HTTPServing", ["Eventing", "HTTPWire", "Octets", "LoopTesting"]),
        tests("Upstream", ["Eventing", "HTTPWire", "LoopTesting"]),
        tests(
            "Signing", ["Digests", "Octets", "HTTPWire"],
            resources: [.copy("oss.json"), .copy("us3.json"), .copy("tos.json"), .copy("tos-post.json")]),
        tests("Dialects", ["Signing", "HTTPWire", "Octets"]),
        tests("Callbacks", ["Digests", "HTTPWire", "Octets"]),
        tests("Settings", ["Dialects", "Callbacks", "HTTPWire", "Octets"], exclude: ["broken"]),
        tests("DirectoryStore", ["Digests", "Octets"]),
        tests(
            "Gateway",
            [
                "Settings", "Dialects", "Callbacks", "HTTPServing", "Upstream", "HTTPWire", "Eventing", "Digests",
                "Octets",
                "LoopTesting",
            ]),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ]
)

// libFuzzer's flags are of no use to anybody else: `make fuzz` asks for these targets.
if Context.environment["PUTBACK_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzDriver", path: "Tests/Fuzz/Driver"),
        .executableTarget(
            name: "fuzz",
            dependencies: ["CFuzzDriver", "Settings", "Dialects", "Callbacks", "Signing", "HTTPWire", "Octets"],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
    ]
}

// Times and allocations of single functions: `make leaves` and `make test` ask for them.
if Context.environment["PUTBACK_BENCH"] != nil {
    package.targets += [
        .executableTarget(
            name: "leaves",
            dependencies: ["Gateway", "Settings", "Callbacks", "Signing", "Digests", "HTTPWire", "Octets"],
            path: "Tests/Benchmarks/Leaves", swiftSettings: strict)
    ]
}
