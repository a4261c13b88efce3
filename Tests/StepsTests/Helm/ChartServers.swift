import Foundation
import Glibc
import Steps
import TestSupport

/// A process of a test that serves until the test is over.
final class TestServer: Sendable {
    let port: Int
    private let run: Task<Void, any Error>

    /// Starts a program, and waits until something listens on its port.
    ///
    /// - Parameter arguments: Of the program, from the port.
    init(_ program: String, environment: [String: String?] = [:], _ arguments: (Int) throws -> [String]) async throws {
        let port = try Self.freePort()
        self.port = port
        let request = ProcessRequest(program, try arguments(port), environment: environment, grace: .seconds(1))
        run = Task { _ = try await ProcessRunner(environment: TestCluster.environment).run(request) }
        try await until("port \(port) of \(program)") { Self.listens(port) }
    }

    /// Ends the process, and returns when it has ended.
    func stop() async {
        run.cancel()
        _ = await run.result
    }

    private static func withSocket<Result>(_ port: Int, _ body: (Int32, UnsafePointer<sockaddr>) throws -> Result)
        rethrows -> Result
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body(descriptor, $0) }
        }
    }

    private static func listens(_ port: Int) -> Bool {
        withSocket(port) { connect($0, $1, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
    }

    private static func freePort() throws -> Int {
        try withSocket(0) { descriptor, address in
            guard bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 else {
                throw NeverHappened("a free port")
            }
            var bound = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = withUnsafeMutablePointer(to: &bound) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            return Int(in_port_t(bigEndian: bound.sin_port))
        }
    }
}

/// Chart servers that want user `tester` with password `open sesame`.
enum ChartServers {
    static let username = "tester"
    static let password = "open sesame"

    /// A chart repository in a folder: files over HTTP with Basic authentication.
    static func repository(_ directory: TemporaryDirectory) async throws -> TestServer {
        let script = try directory.write(
            """
            import base64, functools, http.server, sys
            wanted = "Basic " + base64.b64encode(sys.argv[3].encode()).decode()
            class Handler(http.server.SimpleHTTPRequestHandler):
                def do_GET(self):
                    if self.headers.get("Authorization") == wanted:
                        return super().do_GET()
                    self.send_response(401)
                    self.end_headers()
                def log_message(self, *args): pass
            http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), functools.partial(Handler, directory=sys.argv[2])).serve_forever()
            """, to: "server.py")
        let folder = directory.file("repository")
        return try await TestServer("python3") { [script, "\($0)", folder, "\(username):\(password)"] }
    }

    /// An OCI registry with its data in a folder.
    static func registry(_ directory: TemporaryDirectory) async throws -> TestServer {
        // `htpasswd -nbB tester 'open sesame'`
        let users = try directory.write("\(username):\(passwordHash)\n", to: "users")
        return try await TestServer("docker-registry") { port in
            let file = try directory.write(
                """
                version: 0.1
                log: {accesslog: {disabled: true}, level: error}
                storage: {filesystem: {rootdirectory: \(directory.file("registry"))}}
                http: {addr: "127.0.0.1:\(port)"}
                auth: {htpasswd: {realm: test, path: \(users)}}
                """, to: "registry.yaml")
            return ["serve", file]
        }
    }

    private static let passwordHash = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"
}
