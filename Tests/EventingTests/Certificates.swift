// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Certificates made by the openssl command for one run: an authority, a server `localhost` / 127.0.0.1, a client, and
/// another authority that signed neither.
struct Certificates: Sendable {
    let authority: String
    let stranger: String
    let server: (certificate: String, key: String)
    let client: (certificate: String, key: String)

    static let shared: Result<Certificates, any Error> = Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "putback-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { Self.removeAtExit(folder) }
        return try Certificates(folder: folder.path)
    }

    private init(folder: String) throws {
        func path(_ name: String) -> String { "\(folder)/\(name)" }
        for name in ["authority", "stranger"] {
            try Self.openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"))
        }
        for name in ["server", "client"] {
            try "subjectAltName=DNS:localhost,IP:127.0.0.1".write(
                toFile: path("names"), atomically: true, encoding: .utf8)
            try Self.openssl(
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
            try Self.openssl(
                "x509", "-req", "-in", path("\(name).csr"), "-CA", path("authority.crt"), "-CAkey",
                path("authority.key"), "-CAcreateserial", "-days", "2", "-extfile", path("names"), "-out",
                path("\(name).crt"))
        }
        authority = path("authority.crt")
        stranger = path("stranger.crt")
        server = (path("server.crt"), path("server.key"))
        client = (path("client.crt"), path("client.key"))
    }

    /// By system(3): Foundation's Process sometimes misses the end of a child while exit tests run beside it.
    private static func openssl(_ arguments: String...) throws {
        let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
        guard unsafe system("openssl \(quoted) 2>/dev/null") == 0 else { throw CocoaError(.executableLoad) }
    }

    /// atexit(3) takes no context, so the folder is a global.
    private static let folders = FolderList()

    private static func removeAtExit(_ folder: URL) {
        folders.add(folder)
        atexit { Certificates.folders.removeAll() }
    }
}

/// Folders to be removed; any thread.
private final class FolderList: @unchecked Sendable {
    // Sendable is sound: `folders` is touched under the lock only.
    private let lock = NSLock()
    private var folders: [URL] = []

    func add(_ folder: URL) { lock.withLock { folders.append(folder) } }

    func removeAll() {
        lock.withLock { for folder in folders { try? FileManager.default.removeItem(at: folder) } }
    }
}
