import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct FileDownloadTests {
    static let content = String((0..<200_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 23))) })
    let client: HTTPClient
    let directory: TemporaryDirectory
    var path: String { directory.file("a/b/file") }

    init() throws {
        client = try HTTPClient(userAgent: "runner-test")
        directory = try TemporaryDirectory()
    }

    /// The URL is a secret in all of its parts but the host.
    func probe(_ url: String, _ with: [String: Value] = [:]) throws -> StepProbe {
        try StepProbe(
            FileDownload(client: client),
            ["url": .string(url + "/hush1/file?sig=hush2"), "to": .string(path)].merging(with) { $1 })
    }

    func sha256(_ text: String) async throws -> String {
        let program = ProcessRequest("sha256sum", input: Array(text.utf8))
        return try await String(
            ProcessRunner(environment: [:]).run(program).requireSuccess(of: program).output.text.prefix(64))
    }

    /// What lies in the folder of the file.
    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.file("a/b")).sorted()
    }

    /// A server of one file that breaks off after 70000 bytes on its first connection, and then keeps to `Range`.
    func breakingServer() throws -> ScriptedServer {
        try ScriptedServer { connection in
            guard let request = connection.receive() else { return }
            let all = Array(Self.content.utf8)
            guard connection.number > 1 else {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(all.count)\r\nETag: \"v1\"\r\n\r\n")
                return connection.send(bytes: Array(all[..<70_000]))
            }
            let start = request.headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
            let head = start == 0 ? "200 OK" : "206 Partial Content"
            connection.send(
                "HTTP/1.1 \(head)\r\nContent-Length: \(all.count - start)\r\nETag: \"v1\"\r\n"
                    + "Content-Range: bytes \(start)-\(all.count - 1)/\(all.count)\r\n\r\n")
            connection.send(bytes: Array(all[start...]))
        }
    }

    @Test("fetched once, it is there; a change of the file, of the URL or of the digest is seen")
    func fetched() async throws {
        let server = try ScriptedServer.answering(body: "content")
        let probe = try probe(server.url)
        #expect(try await probe.observe() == .absent(prior: ["sha256": .null]))
        let digest = try await sha256("content")
        let output = StepOutput(["path": .string(path), "sha256": .string(digest), "bytes": 7])
        #expect(try await probe.apply() == output)
        #expect(try names() == ["file", "file.origin"])
        #expect(try directory.read("a/b/file") == "content")
        #expect(try await probe.observe() == .present(output))
        #expect(server.requests.count == 1)
        #expect(try await self.probe(server.url + "/other").differs())
        let upper = try self.probe(server.url + "/other", ["sha256": .string(digest.uppercased())])
        #expect(try await upper.isPresent())
        let other = String(repeating: "0", count: 64)
        #expect(try await self.probe(server.url, ["sha256": .string(other)]).differs())
        try directory.write("changed", to: "a/b/file")
        #expect(try await probe.differs())
        #expect(try await probe.apply() == output)
        #expect(try !directory.read("a/b/file.origin").contains("hush"))
    }

    @Test("what broke off half-way is resumed by the next attempt")
    func resumed() async throws {
        let server = try breakingServer()
        let probe = try await probe(server.url, ["sha256": .string(sha256(Self.content))])
        #expect(try await probe.refusalToApply().kind == .transient)
        #expect(try names() == ["file.part", "file.part.validator"])
        #expect(try await probe.observe() == .absent(prior: ["sha256": .null]))
        #expect(try await probe.apply().values["bytes"] == 200_000)
        #expect(try directory.read("a/b/file") == Self.content)
        #expect(try names() == ["file", "file.origin"])
        #expect(probe.log == ["note: resumed after 70000 bytes"])
        #expect(server.requests.last?.headers["range"] == "bytes=70000-")
    }

    @Test("another digest is refused, and what was there stays; a resumed file gets a second chance")
    func wrongDigest() async throws {
        let server = try ScriptedServer.answering(headers: ["ETag: \"v1\""], body: "content")
        let probe = try probe(server.url, ["sha256": .string(String(repeating: "0", count: 64))])
        try FileManager.default.createDirectory(atPath: directory.file("a/b"), withIntermediateDirectories: true)
        try directory.write("before", to: "a/b/file")
        let error = try await probe.refusalToApply()
        let digest = try await sha256("content")
        #expect(error.kind == .permanent && error.message.contains(digest))
        #expect(try directory.read("a/b/file") == "before")
        #expect(try names() == ["file"])

        let breaking = try breakingServer()
        let good = try await self.probe(breaking.url, ["sha256": .string(sha256(Self.content))])
        _ = try await good.refusalToApply()
        // As a power cut may leave it: as long as it was, and empty.
        try directory.write(String(repeating: "\0", count: 70_000), to: "a/b/file.part")
        #expect(try await good.refusalToApply().kind == .transient)
        _ = try await good.apply()
        #expect(try directory.read("a/b/file") == Self.content)
    }

    @Test(
        "a status that is no file: what may pass, and what not",
        arguments: [
            (302, .permanent), (403, .permanent), (404, .permanent), (416, .transient), (429, .transient),
            (500, .transient), (503, .transient),
        ] as [(Int, StepError.Kind)])
    func statuses(status: Int, kind: StepError.Kind) async throws {
        let server = try ScriptedServer.answering("\(status) No", body: "<html>hush1</html>")
        let error = try await probe(server.url).refusalToApply()
        #expect(error.kind == kind)
        #expect(error.description.contains("the server answered \(status)") && error.description.contains("127.0.0.1"))
        #expect(!error.description.contains("hush"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("no failure shows the URL")
    func secretURL() async throws {
        let lost = try ScriptedServer { connection in _ = connection.receive() }
        let redirecting = try ScriptedServer.answering(
            "302 Found", headers: ["Location: http://localhost:1/hush3?hush4"])
        let garbage = try ScriptedServer { connection in
            _ = connection.receive()
            connection.send("hush1\r\n\r\n")
        }
        let closed = try ScriptedServer.answering().url
        for (url, kind) in [
            (lost.url, .transient), (redirecting.url, .transient), (garbage.url, .permanent), (closed, .transient),
            ("http://no-such-host.invalid", .transient), ("hush0", .permanent), ("http://:hush5@127.0.0.1", .permanent),
            ("http://[hush6", .permanent), ("ftp://127.0.0.1", .permanent),
        ] as [(String, StepError.Kind)] {
            let error = try await probe(url).refusalToApply()
            #expect(error.kind == kind, "\(error)")
            #expect(!error.description.contains("hush"))
            #expect(error.object?.hasPrefix("download from ") == true)
        }
    }

    @Test("a file beyond the limit is refused, and nothing of it stays", arguments: [true, false])
    func limit(isSizeKnown: Bool) async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            let length = isSizeKnown ? "Content-Length: \(Self.content.utf8.count)\r\n" : ""
            connection.send("HTTP/1.1 200 OK\r\n\(length)ETag: \"v1\"\r\n\r\n" + Self.content)
        }
        let error = try await probe(server.url, ["max_bytes": 199_999]).refusalToApply()
        #expect(error.kind == .permanent && error.message.contains("199999"))
        #expect(try names() == [])
        #expect(try await probe(server.url, ["max_bytes": 200_000]).apply().values["bytes"] == 200_000)
    }

    @Test("a place that cannot be written is named")
    func unwritable() async throws {
        let server = try ScriptedServer.answering(body: "content")
        try directory.write("", to: "plain")
        try FileManager.default.createDirectory(atPath: directory.file("folder"), withIntermediateDirectories: true)
        for place in [directory.file("plain/file"), "/proc/no-such-folder/file", directory.file("folder")] {
            let error = try await probe(server.url, ["to": .string(place)]).refusalToApply()
            #expect(error.kind == .permanent && error.object == place && error.remedy?.contains("rights") == true)
        }
        #expect(
            try await probe(server.url, ["to": .string(directory.file("folder"))]).refusalToObserve().kind == .permanent
        )
    }

    @Test("killed at any point around the move, it is found out and brought to its end")
    func interruptedMove() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                if request.headers["range"] == "bytes=7-" {
                    connection.reply("416 Range Not Satisfiable", headers: ["Content-Range: bytes */7"])
                } else {
                    connection.reply(headers: ["ETag: \"v1\""], body: "content")
                }
            }
        }
        let probe = try probe(server.url)
        _ = try await probe.apply()
        let note = try directory.read("a/b/file.origin")
        // After the note was written, before the move.
        try FileManager.default.removeItem(atPath: path)
        try directory.write("content", to: "a/b/file.part")
        try directory.write("\"v1\"", to: "a/b/file.part.validator")
        #expect(try await probe.observe() == .absent(prior: ["sha256": .null]))
        try directory.write("older", to: "a/b/file")
        #expect(try await probe.differs())
        _ = try await probe.apply()
        #expect(try directory.read("a/b/file") == "content")
        #expect(probe.log == ["note: resumed after 7 bytes"])
        // After the move, before the last of its helpers was removed.
        try directory.write("\"v1\"", to: "a/b/file.part.validator")
        #expect(try await probe.isPresent())
        #expect(try directory.read("a/b/file.origin") == note)
        _ = try await probe.apply()
        #expect(try names() == ["file", "file.origin"])
    }

    @Test("a revert removes what was fetched, and knows what it cannot bring back")
    func revert() async throws {
        let server = try ScriptedServer.answering(body: "content")
        let probe = try probe(server.url)
        let fresh = try await probe.prior()
        _ = try await probe.apply(prior: fresh)
        #expect(try await probe.revert(prior: fresh) == [])
        #expect(try names() == [])
        #expect(try await probe.revert(prior: fresh) == [])

        try directory.write("before", to: "a/b/file")
        let over = try await probe.prior()
        #expect(try await probe.revert(prior: over) == [])
        _ = try await probe.apply(prior: over)
        let before = try await sha256("before")
        #expect(try await probe.revert(prior: over).first?.contains(before) == true)
        #expect(try directory.read("a/b/file") == "content")
        #expect(try await probe.revert() == [])
        #expect(try directory.read("a/b/file") == "content")
    }

    @Test("credentials go along; cancelled, it ends, and keeps what has come")
    func credentialsAndCancellation() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \"v1\"\r\n\r\n12345")
            arrived.yield()
            connection.waitForClose()
        }
        let probe = try probe(server.url, ["user": "u", "password": "p"])
        let applying = Task { try await probe.apply() }
        for await _ in arrivals { break }
        try await until("the first bytes") { (try? directory.read("a/b/file.part")) == "12345" }
        applying.cancel()
        #expect(await #expect(throws: StepError.self) { try await applying.value }?.kind == .cancelled)
        #expect(server.requests.first?.headers["authorization"] == "Basic dTpw")
        #expect(try names() == ["file.part", "file.part.validator"])
    }
}
