import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct HTTPDownloadTests {
    let client: HTTPClient
    let directory: TemporaryDirectory
    static let content = String((0..<200_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 23))) })

    init() throws {
        client = try HTTPClient(userAgent: "runner-test")
        directory = try TemporaryDirectory()
    }

    /// A server of one file that breaks off after `breakAfter` bytes on its first connection, and then keeps to `Range`.
    func server(etags: [String], breakAfter: Int) throws -> ScriptedServer {
        try ScriptedServer { connection in
            guard let request = connection.receive() else { return }
            let etag = etags[min(connection.number, etags.count) - 1]
            let all = Array(Self.content.utf8)
            let range = request.headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
            if let start = range, request.headers["if-range"] == etag {
                connection.send(
                    "HTTP/1.1 206 Partial Content\r\nContent-Length: \(all.count - start)\r\nETag: \(etag)\r\n"
                        + "Content-Range: bytes \(start)-\(all.count - 1)/\(all.count)\r\n\r\n")
                connection.send(bytes: Array(all[start...]))
            } else {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(all.count)\r\nETag: \(etag)\r\n\r\n")
                connection.send(bytes: connection.number == 1 ? Array(all[..<breakAfter]) : all)
            }
        }
    }

    @Test("a broken download goes on where it stopped")
    func resumed() async throws {
        let server = try server(etags: ["\"v1\""], breakAfter: 70_000)
        let path = directory.file("part")
        let lost = await #expect(throws: HTTPFailure.self) {
            try await client.download(HTTPRequest(.get, server.url), to: path) { _ in }
        }
        #expect(lost?.kind == .connectionLost)
        #expect(try directory.read("part").utf8.count == 70_000)

        let last = Locked<HTTPProgress?>(nil)
        let download = try await client.download(HTTPRequest(.get, server.url), to: path) { progress in
            last.with { $0 = progress }
        }
        #expect(download.isComplete)
        #expect(download.resumedFrom == 70_000)
        #expect(try directory.read("part") == Self.content)
        #expect(last.with { $0?.bytes } == 200_000)
        #expect(last.with { $0?.total } == 200_000)
    }

    @Test(
        "a file that has changed meanwhile, or whose version is not known, starts anew",
        arguments: [
            ["\"v1\"", "\"v2\""], ["W/\"v1\""],
        ])
    func changed(etags: [String]) async throws {
        let server = try server(etags: etags, breakAfter: 70_000)
        await #expect(throws: HTTPFailure.self) {
            try await client.download(HTTPRequest(.get, server.url), to: directory.file("part")) { _ in }
        }
        let download = try await client.download(HTTPRequest(.get, server.url), to: directory.file("part")) { _ in }
        #expect(download.isComplete)
        #expect(download.resumedFrom == 0)
        #expect(try directory.read("part") == Self.content)
    }

    @Test("an error page does not get into the file")
    func errorPage() async throws {
        try directory.write("earlier", to: "part")
        let server = try ScriptedServer.answering("403 Forbidden", body: "<html>no</html>")
        let download = try await client.download(HTTPRequest(.get, server.url), to: directory.file("part")) { _ in }
        #expect(!download.isComplete)
        #expect(download.response.status == 403)
        #expect(download.response.text == "<html>no</html>")
        #expect(try directory.read("part") == "earlier")
    }

    @Test("everything was there already")
    func alreadyComplete() async throws {
        try directory.write("whole", to: "part")
        try directory.write("\"v1\"", to: "part.validator")
        let server = try ScriptedServer.answering("416 Range Not Satisfiable", headers: ["Content-Range: bytes */5"])
        let download = try await client.download(HTTPRequest(.get, server.url), to: directory.file("part")) { _ in }
        #expect(download.isComplete)
        #expect(download.resumedFrom == 5)
        #expect(server.requests.first?.headers["range"] == "bytes=5-")
        #expect(server.requests.first?.headers["if-range"] == "\"v1\"")
        // Another length: what is here is not that file.
        let other = try ScriptedServer.answering("416 Range Not Satisfiable", headers: ["Content-Range: bytes */4"])
        #expect(
            try await !client.download(HTTPRequest(.get, other.url), to: directory.file("part")) { _ in }.isComplete)
        #expect(!FileManager.default.fileExists(atPath: directory.file("part.validator")))
    }

    @Test("an empty file is a file")
    func empty() async throws {
        let server = try ScriptedServer.answering()
        let download = try await client.download(HTTPRequest(.get, server.url), to: directory.file("part")) { _ in }
        #expect(download.isComplete)
        #expect(try directory.read("part") == "")
    }

    @Test("the limit counts the whole file, and a place that cannot be written is said to be one")
    func limits() async throws {
        let server = try ScriptedServer.answering(headers: ["ETag: \"v1\""], body: Self.content)
        let large = await #expect(throws: HTTPFailure.self) {
            try await client.download(
                HTTPRequest(.get, server.url, responseLimitBytes: 199_999), to: directory.file("part")
            ) { _ in }
        }
        #expect(large?.kind == .tooLarge)
        let unwritable = await #expect(throws: HTTPFailure.self) {
            try await client.download(HTTPRequest(.get, server.url), to: directory.file("none/part")) { _ in }
        }
        #expect(unwritable?.kind == .couldNotWrite)
        // Without an ETag, so that nothing is noted beside the device.
        let plain = try ScriptedServer.answering(body: Self.content)
        let full = await #expect(throws: HTTPFailure.self) {
            try await client.download(HTTPRequest(.get, plain.url), to: "/dev/full") { _ in }
        }
        #expect(full?.kind == .couldNotWrite)
        #expect(full?.message.contains("No space left") == true)
    }
}
