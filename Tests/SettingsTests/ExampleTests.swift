// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Settings
import Testing

/// The repository's `config` directory.
let configDirectory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "config")

@Suite struct ExampleTests {
    static let examples: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: configDirectory.path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    @Test func `there are examples`() {
        #expect(Self.examples.contains("putback.yaml"))
        #expect(Self.examples.count >= 6)
    }

    @Test(arguments: examples)
    func `an example loads without any problem`(name: String) {
        let path = configDirectory.appending(path: name).path
        let result = SettingsLoader.load(path: path, environment: [:], secrets: .assumed)
        #expect(result.problems.map(\.description) == [])
        #expect(result.settings != nil)
    }

    @Test(arguments: examples.filter { $0 != "putback.yaml" })
    func `a short example needs nothing but its environment`(name: String) throws {
        let url = configDirectory.appending(path: name)
        let variables = try String(contentsOf: url, encoding: .utf8).matches(of: /"env:([A-Z0-9_]+)"/).map {
            (String($0.1), "value")
        }
        let environment = Dictionary(variables) { first, _ in first }
        let result = SettingsLoader.load(path: url.path, environment: environment)
        #expect(result.problems.map(\.description) == [])
        #expect(result.settings != nil)
    }
}
