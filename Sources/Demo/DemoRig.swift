// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import DirectoryStore
package import Eventing
package import Gateway
internal import Glibc
internal import Settings

/// Everything of the demo in one process, over real sockets on loopback: the gateway, a store that speaks OSS, TOS and US3
/// and makes callbacks (another gateway in front of a directory), and an app.
package final class DemoRig {
    /// Where a part of the demo is reached.
    package struct Addresses {
        package let edge: String
        package let store: String
        package let app: String
        package let admin: String
    }

    package let addresses: Addresses
    package let app: DemoApp
    /// The store's files.
    package let root: String
    private let edge: Gateway
    private let store: Gateway
    private let appThread: Thread

    static let bucket = "demo-bucket"
    static let keyID = "demo-key"

    /// Starts all parts.
    ///
    /// - Parameter port: of the gateway; the store, the app and the admin port take the next three. 0 takes free ones.
    /// - Throws: ``EventError``; `isAddressInUse` when a port is taken.
    package init(port: UInt16, log: Log, environment: Environment) throws(EventError) {
        // First what is most likely to be taken, so that nothing is left behind.
        app = try DemoApp(port: port == 0 ? 0 : port + 2)
        root = try Self.makeDirectory()
        do throws(EventError) {
            (store, edge, addresses, appThread) = try Self.start(app, root: root, port: port, log, environment)
        } catch {
            Self.removeTree(root)
            throw error
        }
    }

    private static func start(
        _ app: DemoApp, root: String, port: UInt16, _ log: Log, _ environment: Environment
    ) throws(EventError) -> (Gateway, Gateway, Addresses, Thread) {
        let store = Gateway(environment: environment, log: log)
        try store.start(settings(storeConfig(root, port: port == 0 ? 0 : port + 1)))
        guard let storeAddress = store.address(ofListener: "store"), let tos = store.address(ofListener: "store-tos"),
            let us3 = store.address(ofListener: "store-us3"), let storeAdmin = store.adminAddress
        else {
            preconditionFailure("a started gateway has its addresses")
        }
        let edge = Gateway(environment: environment, log: log)
        try edge.start(
            settings(
                edgeConfig(
                    store: storeAddress.description, tos: tos.description, us3: us3.description,
                    app: app.address.description, port: port)))
        guard let edgeAddress = edge.address(ofListener: "edge"), let admin = edge.adminAddress else {
            preconditionFailure("a started gateway has its addresses")
        }
        let addresses = Addresses(
            edge: "http://\(edgeAddress)", store: "http://\(storeAddress)", app: "http://\(app.address)",
            admin: "http://\(admin)")
        let thread = app.start(
            uploadBase: addresses.edge, keyURL: "http://\(storeAdmin)/callback-key.pem")
        return (store, edge, addresses, thread)
    }

    /// Ends all parts and removes the store's files.
    package func stop() {
        edge.stop()
        store.stop()
        app.stop()
        appThread.join()
        Self.removeTree(root)
    }

    /// The bytes of a stored object; nil if there is none.
    package func storedBytes(key: [UInt8]) -> [UInt8]? {
        guard let directory = try? DirectoryStore(root: root),
            let reader = try? directory.open(bucket: Self.bucket, key: key)
        else { return nil }
        return try? reader.bytes(at: 0, count: Int(reader.object.size))
    }

    /// A config that is part of the program has no errors.
    private static func settings(_ text: String) -> Settings {
        let result = SettingsLoader.load(text: text, name: "demo")
        guard let settings = result.settings else {
            preconditionFailure("the demo's config is right: \(result.problems.map(\.description))")
        }
        return settings
    }

    /// A listener of a free port is told from others by its address.
    private static func storeConfig(_ root: String, port: UInt16) -> String {
        """
        version: 1
        workers: 1
        listeners:
          - {name: store, address: "127.0.0.1:\(port)", dialect: oss, clients: gateway}
          - {name: store-tos, address: "127.0.0.2:0", dialect: tos, bucket: \(bucket), clients: gateway}
          - {name: store-us3, address: "127.0.0.3:0", dialect: us3, bucket: \(bucket), clients: gateway}
        admin: {address: "127.0.0.1:0"}
        clients:
          gateway: {keys: [{id: \(keyID), secret: "plain:demo-secret"}]}
        stores:
          files: {dialect: directory, path: "\(root)", bucket: "${bucket}"}
        routes:
          - name: all
            match: {path: /**}
            store: files
            key: "${path}"
            clientCallbacks: {allow: [127.0.0.1]}
        """
    }

    private static func edgeConfig(store: String, tos: String, us3: String, app: String, port: UInt16) -> String {
        """
        version: 1
        workers: 1
        listeners:
          - {name: edge, address: "127.0.0.1:\(port)", dialect: plain, cors: ["http://\(app)"]}
        admin: {address: "127.0.0.1:\(port == 0 ? 0 : port + 3)"}
        stores:
          oss:
            dialect: oss
            endpoint: http://\(store)
            region: demo-region
            bucket: \(bucket)
            addressing: path
            credentials: {id: \(keyID), secret: "plain:demo-secret"}
          tos:
            dialect: tos
            endpoint: http://\(tos)
            region: demo-region
            bucket: \(bucket)
            addressing: customDomain
            credentials: {id: \(keyID), secret: "plain:demo-secret"}
          us3:
            dialect: us3
            endpoint: http://\(us3)
            bucket: \(bucket)
            credentials: {id: \(keyID), secret: "plain:demo-secret"}
        callbacks:
          plainly:
            url: http://\(app)/uploaded
            body: '{"bucket":${bucket},"object":${object},"size":${size},"mimeType":${mimeType},"device":${x:device}}'
            variables: {device: "${header.X-Device-Id}"}
            by: store
          uploaded:
            url: http://\(app)/uploaded
            body: '{"bucket":${bucket},"object":${object},"size":${size},"etag":${etag},"mimeType":${mimeType},"device":${x:device}}'
            variables: {device: "${header.X-Device-Id}"}
        routes:
          - {name: to-tos, match: {path: /tos/**}, store: tos, key: "${path}", callback: plainly}
          - {name: to-us3, match: {path: /us3/**}, store: us3, key: "${path}", callback: plainly}
          - {name: uploads, match: {path: /**}, store: oss, key: "${path}", callback: uploaded}
        """
    }

    private static func makeDirectory() throws(EventError) -> String {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/putback-demo-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw EventError(operation: "make a directory in \(parent)", code: errno)
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func removeTree(_ path: String) {
        for name in names(in: path) { removeTree("\(path)/\(name)") }
        unsafe remove(path)
    }

    /// The entries of a directory that is no link; none of anything else.
    private static func names(in path: String) -> [String] {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard descriptor >= 0, let directory = unsafe fdopendir(descriptor) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
