import Foundation
import Glibc
import Steps
import Testing

@Suite(.timeLimit(.minutes(10)))
struct HTTPClientTests {
    let client: HTTPClient

    init() throws {
        client = try HTTPClient(userAgent: "runner-test")
    }

    /// The failure of a request that must fail.
    func failure(of request: HTTPRequest) async throws -> HTTPFailure {
        try #require(await #expect(throws: HTTPFailure.self) { try await client.perform(request) })
    }

    @Test(
        "method, headers and body arrive; status, headers and body come back",
        arguments: [
            HTTPRequest.Method.get, .post, .put, .patch, .delete, .options,
        ])
    func exchange(method: HTTPRequest.Method) async throws {
        let server = try ScriptedServer.answering(
            "418 I'm a teapot", headers: ["X-One: 1", "x-two:  two "], body: "tea")
        let body = method == .get ? nil : Data("{\"a\":1}".utf8)
        let response = try await client.perform(
            HTTPRequest(
                method, server.url + "/a?b=c", headers: [HTTPHeader("Content-Type", "application/json")], body: body))
        #expect(response.status == 418)
        #expect(response.text == "tea")
        #expect(response.headers["X-TWO"] == "two")
        let request = try #require(server.requests.first)
        #expect(request.line == "\(method.rawValue) /a?b=c HTTP/1.1")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["user-agent"] == "runner-test")
        #expect(request.headers["expect"] == nil)
        #expect(request.body == (body == nil ? "" : "{\"a\":1}"))
    }

    @Test("HEAD has no body, an empty POST has length 0 and no type")
    func empty() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
            _ = connection.receive()
        }
        let head = try await client.perform(HTTPRequest(.head, server.url))
        #expect(head.headers["Content-Length"] == "99")
        #expect(head.body.isEmpty)
        let other = try ScriptedServer.answering()
        _ = try await client.perform(HTTPRequest(.post, other.url))
        #expect(other.requests.first?.headers["content-length"] == "0")
        #expect(other.requests.first?.headers["content-type"] == nil)
    }

    @Test("credentials arrive, and appear in no description")
    func authorization() async throws {
        let server = try ScriptedServer.answering()
        let basic = HTTPRequest(.get, server.url, authorization: .basic(user: "ü:", password: "p:w"))
        let bearer = HTTPRequest(.get, server.url + "/?token=tok", authorization: .bearer(token: "tok"))
        _ = try await client.perform(basic)
        _ = try await client.perform(bearer)
        #expect(
            server.requests.map { $0.headers["authorization"] } == [
                "Basic " + Data("ü::p:w".utf8).base64EncodedString(), "Bearer tok",
            ])
        for request in [basic, bearer] {
            for text in ["\(request)", String(reflecting: request), String(describing: request.authorization)] {
                #expect(!text.contains("p:w") && !text.contains("tok"))
            }
        }
    }

    @Test("repeatable requests share a connection")
    func reuse() async throws {
        let server = try ScriptedServer.answering(body: "x")
        for _ in 0..<5 { _ = try await client.perform(HTTPRequest(.get, server.url)) }
        #expect(server.requests.count == 5)
        #expect(server.connections == 1)
    }

    @Test("many requests at once")
    func parallel() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.receive() { connection.reply(body: request.line) }
        }
        try await withThrowingTaskGroup(of: Void.self) { [client] group in
            for number in 0..<100 {
                group.addTask {
                    let response = try await client.perform(HTTPRequest(.get, "\(server.url)/\(number)"))
                    #expect(response.text == "GET /\(number) HTTP/1.1")
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Faults, and what is known about the request

    @Test("a refused connection and an unknown host: the request was never sent")
    func unreachable() async throws {
        let port = try ScriptedServer.answering().port  // free again at once
        let refused = try await failure(of: HTTPRequest(.post, "http://127.0.0.1:\(port)/x"))
        #expect((refused.kind, refused.delivery) == (.couldNotConnect, .notSent))
        let unknown = try await failure(of: HTTPRequest(.post, "http://no-such-host.invalid/"))
        #expect((unknown.kind, unknown.delivery) == (.couldNotResolve, .notSent))
    }

    @Test(
        "a reply that is lost after the request was received: the outcome is unknown",
        arguments: ["close", "reset", "half"])
    func replyLost(way: String) async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            switch way {
            case "reset": connection.reset()
            case "half": connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            default: break
            }
        }
        let lost = try await failure(of: HTTPRequest(.post, server.url, body: Data("x".utf8)))
        #expect((lost.kind, lost.delivery) == (.connectionLost, .unknown))
        #expect(lost.description.contains("the request had been sent"))
        #expect(server.requests.count == 1)
    }

    @Test("a change is never sent twice, also not by libcurl on a pooled connection that turns out dead")
    func neverTwice() async throws {
        // The first request of a connection is answered, the next one received and then dropped: the case in which libcurl
        // by itself sends the request again on a new connection.
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.reply(headers: ["Connection: keep-alive"], body: "ok")
            _ = connection.receive()
        }
        _ = try await client.perform(HTTPRequest(.get, server.url))
        let post = try await client.perform(HTTPRequest(.post, server.url, body: Data("x".utf8)))
        #expect(post.isSuccess)  // on a connection of its own
        #expect(server.connections == 2)
        // A repeatable one may take the pooled connection, and is repeated for us.
        _ = try await client.perform(HTTPRequest(.get, server.url))
        #expect(server.requests.filter { $0.line.hasPrefix("POST") }.count == 1)
    }

    @Test("a timeout tells whether the request had been sent")
    func timedOut() async throws {
        let silent = try ScriptedServer { connection in
            _ = connection.receive()
            connection.waitForClose()
        }
        let after = try await failure(of: HTTPRequest(.post, silent.url, timeout: .milliseconds(200)))
        #expect((after.kind, after.delivery) == (.timedOut, .unknown))
        // TLS towards a server that never answers the handshake: connected, but nothing sent.
        let mute = try ScriptedServer { $0.waitForClose() }
        let before = try await failure(
            of: HTTPRequest(.post, "https://127.0.0.1:\(mute.port)/", timeout: .milliseconds(200)))
        #expect((before.kind, before.delivery) == (.timedOut, .notSent))
    }

    @Test("a reply that dries up is given up before the timeout")
    func stalled() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            connection.waitForClose()
        }
        let stalled = try await failure(
            of: HTTPRequest(.get, server.url, timeout: .seconds(50), stallTimeout: .seconds(1)))
        #expect(stalled.kind == .timedOut)
        #expect(stalled.message.contains("too slow"))
    }

    @Test("a reply beyond the limit is refused, announced or not")
    func tooLarge() async throws {
        let announced = try ScriptedServer.answering(body: String(repeating: "x", count: 1001))
        let first = try await failure(of: HTTPRequest(.get, announced.url, responseLimitBytes: 1000))
        #expect(first.kind == .tooLarge)
        #expect(try await client.perform(HTTPRequest(.get, announced.url, responseLimitBytes: 1001)).body.count == 1001)
        let endless = try ScriptedServer { connection in
            _ = connection.receive()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            for _ in 0..<1000 { connection.send(String(repeating: "x", count: 1000)) }
        }
        let second = try await failure(of: HTTPRequest(.get, endless.url, responseLimitBytes: 1000))
        #expect(second.kind == .tooLarge)
    }

    @Test("cancellation ends the transfer, and tells whether the request had been sent")
    func cancelled() async throws {
        let (received, arrived) = AsyncStream.makeStream(of: Void.self)
        let (closed, left) = AsyncStream.makeStream(of: Void.self)
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            arrived.yield()
            connection.waitForClose()
            left.yield()
        }
        let url = server.url
        let task = Task { [client] in try await client.perform(HTTPRequest(.post, url)) }
        for await _ in received { break }
        task.cancel()
        let late = await #expect(throws: HTTPFailure.self) { try await task.value }
        #expect((late?.kind, late?.delivery) == (.cancelled, .unknown))
        for await _ in closed { break }  // the server sees it too

        let early = Task { [client] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.perform(HTTPRequest(.post, url))
        }
        let never = await #expect(throws: HTTPFailure.self) { try await early.value }
        #expect((never?.kind, never?.delivery) == (.cancelled, .notSent))
        #expect(server.requests.count == 1)
    }

    @Test("what answers but is not HTTP")
    func notHTTP() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.send("SSH-2.0-OpenSSH_9.2\r\n")
        }
        let failure = try await failure(of: HTTPRequest(.get, server.url))
        #expect((failure.kind, failure.delivery) == (.invalidResponse, .unknown))
    }

    @Test(
        "a bad request is refused before anything is sent, without repeating its secrets",
        arguments: [
            "ftp://host/x", "file:///etc/passwd", "http://user:s3cret@host/", "nonsense", "http://ho st/s3cret", "",
        ])
    func invalid(url: String) async throws {
        let failure = try await failure(of: HTTPRequest(.get, url))
        #expect((failure.kind, failure.delivery) == (.invalidRequest, .notSent))
        #expect(!failure.description.contains("s3cret"))
    }

    @Test(
        "a header cannot smuggle in another one",
        arguments: [("X", "a\r\nY: b"), ("X: y\r\nZ", "a"), ("", "a"), ("a b", "c")])
    func injection(name: String, value: String) async throws {
        let failure = try await failure(
            of: HTTPRequest(.get, "http://127.0.0.1:1/", headers: [HTTPHeader(name, value)]))
        #expect(failure.kind == .invalidRequest)
    }

    @Test("a failure shows neither query nor credentials")
    func secrets() async throws {
        let port = try ScriptedServer.answering().port
        let failure = try await failure(
            of: HTTPRequest(
                .get, "http://127.0.0.1:\(port)/path?signature=s3cret", authorization: .bearer(token: "s3cret-token")))
        #expect(failure.request == "GET http://127.0.0.1:\(port)/path")
        #expect(!failure.description.contains("s3cret"))
    }

    // MARK: Redirects

    @Test("a redirect is the response unless it may be followed")
    func redirects() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                if request.line.contains("/from") {
                    connection.reply("302 Found", headers: ["Location: /to?a=b"])
                } else {
                    connection.reply(body: "there")
                }
            }
        }
        let url = server.url + "/from"
        let shown = try await client.perform(HTTPRequest(.get, url))
        #expect(shown.status == 302)
        #expect(shown.redirect == server.url + "/to?a=b")
        let followed = try await client.perform(
            HTTPRequest(.get, url, authorization: .bearer(token: "t"), redirectLimit: 1))
        #expect(followed.text == "there")
        #expect(server.requests.last?.headers["authorization"] == "Bearer t")
        #expect(try await client.perform(HTTPRequest(.post, url, redirectLimit: 1)).status == 302)
    }

    @Test("another origin gets no credentials, and a loop ends")
    func crossOrigin() async throws {
        let other = try ScriptedServer.answering(body: "there")
        let target = other.url
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                connection.reply(
                    "307 Temporary Redirect",
                    headers: ["Location: " + (request.line.contains("/loop") ? "/loop" : target)])
            }
        }
        let headers = [HTTPHeader("X-Api-Key", "k"), HTTPHeader("Cookie", "c"), HTTPHeader("Accept", "text/plain")]
        let response = try await client.perform(
            HTTPRequest(
                .get, server.url, headers: headers, authorization: .basic(user: "u", password: "p"), redirectLimit: 3))
        #expect(response.text == "there")
        let seen = try #require(other.requests.first?.headers)
        #expect(seen["authorization"] == nil && seen["x-api-key"] == nil && seen["cookie"] == nil)
        #expect(seen["accept"] == "text/plain")
        #expect(try await client.perform(HTTPRequest(.get, server.url + "/loop", redirectLimit: 3)).status == 307)
        #expect(server.requests.count == 5)
    }

    // MARK: Proxies

    @Test("the proxy variables are honoured, and so are their exceptions")
    func proxy() async throws {
        await #expect(processExitsWith: .success) {
            let proxy = try ScriptedServer.answering(body: "by proxy")
            let direct = try ScriptedServer.answering(body: "direct")
            setenv("http_proxy", proxy.url, 1)
            setenv("NO_PROXY", "127.0.0.1", 1)
            let client = try HTTPClient(userAgent: "runner-test")
            let proxied = try await client.perform(HTTPRequest(.get, "http://far.invalid/x"))
            let excepted = try await client.perform(HTTPRequest(.get, direct.url))
            guard proxied.text == "by proxy", excepted.text == "direct",
                proxy.requests.map(\.line) == ["GET http://far.invalid/x HTTP/1.1"]
            else { exit(1) }
        }
    }
}
