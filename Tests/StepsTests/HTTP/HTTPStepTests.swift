import Foundation
import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct HTTPStepTests {
    let client: HTTPClient

    init() throws {
        client = try HTTPClient(userAgent: "runner-test")
    }

    func probe(_ url: String, _ method: String = "GET", _ with: [String: Value] = [:]) throws -> StepProbe {
        try StepProbe(HTTPStep(client: client), with.merging(["url": .string(url), "method": .string(method)]) { $1 })
    }

    @Test("a GET is its own observation, and has nothing to revert")
    func get() async throws {
        let server = try ScriptedServer.answering(
            headers: ["Content-Type: application/problem+json"], body: "{\"a\":1}")
        let probe = try probe(server.url + "/x?y=z")
        #expect(try await probe.observe() == .present(StepOutput(["status": 200, "body": ["a": 1]])))
        #expect(server.requests.map(\.line) == ["GET /x?y=z HTTP/1.1"])
        #expect(try await probe.revert() == [])
    }

    @Test(
        "a reply is a value where it is JSON, else a text",
        arguments: [
            ("application/json; charset=utf-8", "[1, null]", [1, .null]), ("text/plain", "[1]", "[1]"),
            ("application/json", "<html>", "<html>"), ("application/json", "", ""),
        ] as [(String, String, Value)])
    func bodies(type: String, body: String, value: Value) async throws {
        let server = try ScriptedServer.answering(headers: ["Content-Type: \(type)"], body: body)
        #expect(try await probe(server.url, "POST").apply().values == ["status": 200, "body": value])
    }

    @Test("a body that is said to be secret is sealed, and stands in no error")
    func secret() async throws {
        let server = try ScriptedServer.answering(
            headers: ["Content-Type: application/json"], body: "{\"key\":\"hush\"}")
        let sealed = StepOutput(["status": 200], secretValues: ["body": ["key": "hush"]])
        #expect(try await probe(server.url, "POST", ["secret": true]).apply() == sealed)
        #expect(try await probe(server.url, "GET", ["secret": true]).observe() == .present(sealed))
        let refused = try await probe(server.url, "POST", ["secret": true, "expect": [201]]).refusalToApply()
        #expect(refused.message == "the server answered 200")
    }

    @Test("a value is sent as JSON, a text as it is; headers and credentials go along")
    func sent() async throws {
        let server = try ScriptedServer.answering("201 Created")
        _ = try await probe(server.url, "POST", ["body": ["b": [true, "x"], "a": 1], "token": "tok"]).apply()
        _ = try await probe(
            server.url, "PUT",
            ["body": "plain", "headers": ["X-One": "1", "content-type": "text/x"], "user": "u", "password": "p"]
        ).apply()
        _ = try await probe(server.url, "PATCH", ["body": [:], "headers": ["content-type": "application/merge"]])
            .apply()
        _ = try await probe(server.url, "DELETE").apply()
        let requests = server.requests
        #expect(requests.map(\.body) == ["{\"a\":1,\"b\":[true,\"x\"]}", "plain", "{}", ""])
        #expect(
            requests.map { $0.headers["content-type"] } == ["application/json", "text/x", "application/merge", nil])
        #expect(requests[0].headers["authorization"] == "Bearer tok")
        #expect(requests[1].headers["authorization"] == "Basic " + Data("u:p".utf8).base64EncodedString())
        #expect(requests[1].headers["x-one"] == "1")
        let both = try await probe(server.url, "POST", ["token": "t", "user": "u"]).refusalToApply()
        #expect(both.kind == .permanent && both.message.contains("both"))
    }

    @Test(
        "what a status means: to a change, and to one that may be sent again",
        arguments: [
            (302, .permanent, .permanent), (400, .permanent, .permanent), (401, .permanent, .permanent),
            (404, .permanent, .permanent), (408, .transient, .transient), (409, .conflict, .conflict),
            (429, .transient, .transient), (500, .permanent, .transient), (501, .permanent, .permanent),
            (502, .outcomeUnknown, .transient), (503, .outcomeUnknown, .transient), (504, .outcomeUnknown, .transient),
        ] as [(Int, StepError.Kind, StepError.Kind)])
    func statuses(status: Int, once: StepError.Kind, repeatable: StepError.Kind) async throws {
        let server = try ScriptedServer.answering("\(status) Something", body: "because\nof this")
        let error = try await probe(server.url + "/a?key=hush", "POST").refusalToApply()
        #expect(error.kind == once)
        #expect(error.message == "the server answered \(status): because\nof this")
        #expect(error.object == "POST \(server.url)/a")
        #expect(error.remedy != nil)
        #expect(try await probe(server.url, "POST", ["idempotent": true]).refusalToApply().kind == repeatable)
        #expect(try await probe(server.url).refusalToObserve().kind == repeatable)
        let expecting = try probe(server.url, "POST", ["expect": [200, .integer(status)]])
        #expect(try await expecting.apply().values["status"] == .integer(status))
    }

    @Test("with 'expect', nothing else is a success")
    func expect() async throws {
        let server = try ScriptedServer.answering("204 No Content")
        #expect(try await probe(server.url, "DELETE").apply().values == ["status": 204, "body": ""])
        let error = try await probe(server.url, "DELETE", ["expect": [200]]).refusalToApply()
        #expect(error.message == "the server answered 204" && error.kind == .permanent)
    }

    @Test("an error shows no credentials, though the server does, and not all that the server says")
    func secrets() async throws {
        let server = try ScriptedServer.answering(
            "403 Forbidden",
            body: "no access with tok-4711\n" + String(repeating: "long ", count: 150) + "\n3\n4\n5\n6\n")
        let error = try await probe(server.url + "/?sig=s1gn4ture", "POST", ["token": "tok-4711"]).refusalToApply()
        #expect(!error.description.contains("4711") && !error.description.contains("s1gn4ture"))
        #expect(error.message.hasPrefix("the server answered 403: no access with [secret]\nlong "))
        #expect(error.message.hasSuffix("long …\n3\n4\n5"))
    }

    @Test("a lost reply: a change may have happened, unless it may be sent again anyway; it is sent once")
    func lostReply() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.reset()
        }
        for (method, with, kind) in [
            ("POST", [:], .outcomeUnknown), ("DELETE", [:], .outcomeUnknown), ("PUT", ["idempotent": true], .transient),
        ] as [(String, [String: Value], StepError.Kind)] {
            let before = server.requests.count
            #expect(try await probe(server.url, method, with).refusalToApply().kind == kind)
            #expect(server.requests.count == before + 1)
        }
        #expect(try await probe(server.url).refusalToObserve().kind == .transient)
        // Nobody has heard the request: it is certain that nothing has happened.
        let closed = try ScriptedServer.answering().url
        #expect(try await probe(closed, "POST").refusalToApply().kind == .transient)
    }

    @Test("a reply that does not come in time, and one that is too large, leave a change unknown too")
    func noReply() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            connection.waitForClose()
        }
        #expect(try await probe(server.url, "POST", ["timeout": "1s"]).refusalToApply().kind == .outcomeUnknown)
        #expect(try await probe(server.url, "GET", ["timeout": "1s"]).refusalToObserve().kind == .timedOut)
        let large = try ScriptedServer.answering(body: "12345")
        #expect(try await probe(large.url, "POST", ["max_bytes": 4]).refusalToApply().kind == .outcomeUnknown)
        #expect(try await probe(large.url, "GET", ["max_bytes": 4]).refusalToObserve().kind == .permanent)
        #expect(try await probe(large.url, "GET", ["max_bytes": 5]).isPresent())
    }

    @Test("cancelled in the middle, a change is unknown and a question is not")
    func cancelled() async throws {
        for (method, kind) in [("POST", .outcomeUnknown), ("GET", .cancelled)] as [(String, StepError.Kind)] {
            let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
            let server = try ScriptedServer { connection in
                _ = connection.receive()
                arrived.yield()
                connection.waitForClose()
            }
            let probe = try probe(server.url, method)
            let working = Task {
                if method == "GET" { _ = try await probe.observe() } else { _ = try await probe.apply() }
            }
            for await _ in arrivals { break }
            working.cancel()
            #expect(await #expect(throws: StepError.self) { try await working.value }?.kind == kind)
        }
    }

    @Test("'check' is asked by GET, with the same credentials and without the body")
    func check() async throws {
        let done = Locked(false)
        let status = Locked("404 Not Found")
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                if request.line.hasPrefix("POST") {
                    done.with { $0 = true }
                    connection.reply("201 Created", body: "made")
                } else if done.with({ $0 }) {
                    connection.reply(body: "there")
                } else {
                    connection.reply(status.with { $0 })
                }
            }
        }
        let probe = try probe(
            server.url + "/things", "POST",
            [
                "check": .string(server.url + "/things/1?k=hush"), "body": ["a": 1], "token": "tok",
                "headers": ["X-A": "b"],
            ])
        #expect(try await probe.observe() == .absent())
        let question = try #require(server.requests.first)
        #expect(question.line == "GET /things/1?k=hush HTTP/1.1")
        #expect(question.headers["authorization"] == "Bearer tok" && question.headers["x-a"] == "b")
        #expect(question.body == "" && question.headers["content-type"] == nil)
        for (answer, kind) in [("403 Forbidden", .permanent), ("503 Busy", .transient)] as [(String, StepError.Kind)] {
            status.with { $0 = answer }
            let error = try await probe.refusalToObserve()
            #expect(error.kind == kind && error.object == "GET \(server.url)/things/1")
        }
        #expect(try await probe.apply().values == ["status": 201, "body": "made"])
        #expect(try await probe.observe() == .present(StepOutput(["status": 200, "body": "there"])))
        #expect(try await probe.revert() == ["what POST \(server.url)/things did"])
    }

    @Test("without 'check' nothing is known of a change, unless it does not matter")
    func noCheck() async throws {
        let server = try ScriptedServer.answering()
        guard case .unknown(let reason) = try await probe(server.url, "PUT").observe() else { throw Unexpected() }
        #expect(reason.contains("PUT"))
        #expect(try await probe(server.url, "PUT", ["idempotent": true]).observe() == .absent())
        #expect(server.requests.isEmpty)
    }

    @Test("a GET follows redirects, unless they are what is expected; a change never does")
    func redirects() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                if request.line.contains("/old") {
                    connection.reply("307 Temporary Redirect", headers: ["Location: /new?sig=hush"])
                } else {
                    connection.reply(body: "new")
                }
            }
        }
        #expect(try await probe(server.url + "/old").observe() == .present(StepOutput(["status": 200, "body": "new"])))
        let expecting = try probe(server.url + "/old", "GET", ["expect": [307]])
        #expect(try await expecting.observe() == .present(StepOutput(["status": 307, "body": ""])))
        let error = try await probe(server.url + "/old", "POST").refusalToApply()
        #expect(error.message == "the server answered 307, a redirect to \(server.url)/new")
        #expect(server.requests.filter { $0.line.hasPrefix("POST") }.count == 1)
    }

    @Test("a private authority is trusted when it is given")
    func privateAuthority() async throws {
        try await HTTPTrustTests().withServer { url, authority in
            #expect(try await probe(url, "GET", ["ca": .string(authority)]).isPresent())
            let error = try await probe(url, "POST").refusalToApply()
            #expect(error.kind == .permanent && error.remedy?.contains("CA") == true)
        }
    }

    @Test("a request that is none is refused before anything is sent")
    func invalid() async throws {
        let server = try ScriptedServer.answering()
        for (url, with) in [
            ("ftp://127.0.0.1/", [:]), ("http://u:pw@127.0.0.1/", [:]), (server.url, ["headers": ["A": "b\r\nC: d"]]),
            (server.url, ["headers": ["A b": "c"]]), (server.url, ["token": "a b"]),
        ] as [(String, [String: Value])] {
            #expect(try await probe(url, "POST", with).refusalToApply().kind == .permanent)
        }
        #expect(server.requests.isEmpty)
    }

    struct Unexpected: Error {}
}
