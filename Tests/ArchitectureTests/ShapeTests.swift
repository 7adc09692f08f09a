// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Testing

/// What every file looks like from afar.
@Suite struct ShapeTests {
    static let longest = 400

    @Test(arguments: SourceFile.sources + SourceFile.tests)
    func `starts with the two lines of the header`(file: SourceFile) {
        #expect(
            Array(file.lines.prefix(2)) == ["// Putback: upload gateway", "// SPDX-License-Identifier: Apache-2.0"])
    }

    @Test(arguments: SourceFile.sources)
    func `is short enough to be read at once`(file: SourceFile) {
        #expect(file.lines.count <= Self.longest, "\(file.path) has \(file.lines.count) lines")
    }

    @Test func `finds the files of the package`() {
        #expect(SourceFile.sources.contains { $0.path == "Sources/putback/main.swift" || $0.module == "putback" })
        #expect(SourceFile.tests.contains { $0.path == "Tests/ArchitectureTests/ShapeTests.swift" })
    }
}
