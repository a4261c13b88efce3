import Foundation
import Steps
import TestSupport
import Testing

/// TLS with a private certificate authority, made and served by the real openssl.
@Suite(.timeLimit(.minutes(10)))
struct HTTPTrustTests {
    let processes = ProcessRunner(environment: ProcessInfo.processInfo.environment)

    /// Runs `body` while a server with a certificate for 127.0.0.1 listens.
    func withServer(
        name: String = "IP:127.0.0.1", _ body: (_ url: String, _ authority: String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        try directory.write("subjectAltName=\(name)\n", to: "names")
        for command in [
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=private-ca",
            "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
        ] {
            let request = ProcessRequest(
                "openssl", command.split(separator: " ").map(String.init), workingDirectory: directory.path)
            _ = try await processes.run(request).requireSuccess(of: request)
        }
        let (ports, found) = AsyncStream.makeStream(of: String.self)
        let serving = Task { [processes] in
            try await processes.run(
                ProcessRequest(
                    "openssl",
                    ["s_server", "-www", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key"],
                    workingDirectory: directory.path)
            ) { line in
                if line.text.hasPrefix("ACCEPT"), let port = line.text.split(separator: ":").last {
                    found.yield(String(port))
                }
            }
        }
        for await port in ports {
            try await body("https://127.0.0.1:\(port)/", directory.read("ca.pem"))
            break
        }
        serving.cancel()
        _ = await serving.result
    }

    @Test("a private authority is trusted when given, and only then")
    func privateAuthority() async throws {
        let client = try HTTPClient(userAgent: "runner-test")
        try await withServer { url, authority in
            let trusted = try await client.perform(HTTPRequest(.get, url, trust: .authorities(pem: authority)))
            #expect(trusted.status == 200)
            // Also after a trusted connection to the same server is in the pool.
            let failure = await #expect(throws: HTTPFailure.self) {
                try await client.perform(HTTPRequest(.post, url))
            }
            #expect((failure?.kind, failure?.delivery) == (.tls, .notSent))
            let garbage = await #expect(throws: HTTPFailure.self) {
                try await client.perform(HTTPRequest(.get, url, trust: .authorities(pem: "no certificate")))
            }
            #expect(garbage?.kind == .tls)
        }
    }

    @Test("a certificate for another name is refused")
    func wrongName() async throws {
        let client = try HTTPClient(userAgent: "runner-test")
        try await withServer(name: "DNS:other.example") { url, authority in
            let failure = await #expect(throws: HTTPFailure.self) {
                try await client.perform(HTTPRequest(.get, url, trust: .authorities(pem: authority)))
            }
            #expect((failure?.kind, failure?.delivery) == (.tls, .notSent))
        }
    }
}
