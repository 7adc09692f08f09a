// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Settings

/// `config/README.md` is the documentation of every key, so it must have them all and no others.
@Suite struct ReadmeTests {
    /// The keys and defaults of each table, by the path in its heading.
    private static func tables() throws -> [String: [(key: String, default: String)]] {
        let text = try String(contentsOf: configDirectory.appending(path: "README.md"), encoding: .utf8)
        var tables: [String: [(key: String, default: String)]] = [:]
        var section: String?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                if let heading = line.wholeMatch(of: /### `(.+)`/) {
                    section = String(heading.1)
                } else {
                    section = line == "### top level" ? "" : nil
                }
            } else if let section, let row = line.wholeMatch(of: /\| `([A-Za-z]+)` \|.*\| (.*) \| .* \|/) {
                tables[section, default: []].append((String(row.1), String(row.2)))
            }
        }
        return tables
    }

    @Test func `every key is documented and no other`() throws {
        let documented = try Self.tables().mapValues { $0.map(\.key).sorted() }
        let known = Dictionary(uniqueKeysWithValues: Schema.sections.map { ($0.path, $0.keys.sorted()) })
        #expect(documented == known)
    }

    @Test func `a key is called required exactly if it is`() throws {
        let tables = try Self.tables()
        for section in Schema.sections {
            for (key, text) in tables[section.path] ?? [] {
                let isRequired = text.hasPrefix("*required*")
                #expect(isRequired == section.required.contains(key), "\(section.path) \(key)")
            }
        }
    }

    @Test func `the reference has every key`() throws {
        let text = try String(contentsOf: configDirectory.appending(path: "putback.yaml"), encoding: .utf8)
        for key in Set(Schema.sections.flatMap(\.keys)) {
            #expect(text.contains(try Regex("(^|[ {#])\(key):").anchorsMatchLineEndings()), "\(key)")
        }
    }
}
