import Foundation
import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLClientTests {
    let credentials = ClearMLCredentials(key: "KEY1", secret: "s3cr3t-value")

    func client(_ server: ScriptedServer, version: String? = nil) throws -> ClearMLClient {
        try ClearMLClient(url: server.url + "/", credentials: credentials, version: version, transport: .forTests())
    }

    func failure(_ body: () async throws -> ClearMLEnvelope) async throws -> ClearMLFailure {
        try #require(await #expect(throws: ClearMLFailure.self) { try await body() })
    }

    @Test("a call carries Basic credentials and its parameters, and gives the data of the reply")
    func exchange() async throws {
        let server = try ScriptedServer.answering(body: ClearMLReply.body(data: #"{"id":"abc"}"#))
        let reply = try await client(server).change("queues.create", ["name": "default"])
        #expect(reply.data["id"] == "abc")
        #expect(reply.version == "2.34")
        let request = try #require(server.requests.first)
        #expect(request.line == "POST /queues.create HTTP/1.1")
        #expect(request.headers["authorization"] == "Basic " + Data("KEY1:s3cr3t-value".utf8).base64EncodedString())
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.body == #"{"name":"default"}"#)
    }

    @Test("the identity goes into its own header, the version into the path")
    func identity() async throws {
        let server = try ScriptedServer.answering(body: ClearMLReply.body())
        let client = try client(server, version: "2.31")
        _ = try await client.read("users.get_all", as: .impersonating(user: "u1"))
        _ = try await client.read("login.get_settings", as: .actingAs(user: "u2"))
        #expect(
            server.requests.map(\.line) == [
                "POST /v2.31/users.get_all HTTP/1.1", "POST /v2.31/login.get_settings HTTP/1.1",
            ])
        #expect(server.requests.map { $0.headers["x-clearml-impersonate-as"] } == ["u1", nil])
        #expect(server.requests.map { $0.headers["x-clearml-act-as"] } == [nil, "u2"])
    }

    @Test(
        "an error of the server's own keeps its code, subcode and text",
        arguments: [
            (400, 801, StepError.Kind.conflict), (400, 10, .permanent), (400, 6, .permanent), (401, 22, .permanent),
            (403, 20, .permanent), (404, 0, .permanent), (429, 0, .transient), (500, 100, .outcomeUnknown),
        ])
    func refusal(code: Int, subcode: Int, kind: StepError.Kind) async throws {
        let text = "Value combination already exists"
        let server = try ScriptedServer.answering("\(code) Error", body: ClearMLReply.body(code, subcode, text))
        let failure = try await failure { try await client(server).change("auth.create_user") }
        #expect(failure.cause == .refused(code: code, subcode: subcode))
        #expect(failure.isAlreadyThere == (subcode == 801))
        #expect(failure.isUnknownEndpoint == (code == 404))
        #expect(failure.stepError.kind == kind)
        #expect(failure.stepError.message == "\(text) (\(code)/\(subcode))")
        #expect(failure.stepError.remedy?.isEmpty == false)
        #expect(server.requests.count == 1, "a change is sent once")
    }

    @Test("a read is repeated while a proxy says not now", arguments: [429, 502, 503])
    func patience(status: Int) async throws {
        let server = try ScriptedServer { connection in
            var count = 0
            while connection.receive() != nil {
                count += 1
                if count < 3 {
                    connection.reply("\(status) Wait", body: "<html>wait</html>")
                } else {
                    connection.reply(body: ClearMLReply.body())
                }
            }
        }
        _ = try await client(server).read("system.get_companies")
        #expect(server.requests.count == 3)
    }

    @Test(
        "what is no ClearML answers for is told apart, and whether a change may have happened",
        arguments: [
            ("200 OK", "<html>login</html>", StepError.Kind.permanent, StepError.Kind.outcomeUnknown),
            ("200 OK", #"{"some":"json"}"#, .permanent, .outcomeUnknown),
            ("404 Not Found", "default backend - 404", .permanent, .permanent),
            ("429 Slow", "", .transient, .transient),
            ("502 Bad Gateway", "<html>", .transient, .outcomeUnknown),
            ("500 Error", "Failed processing request http://x/y", .transient, .outcomeUnknown),
            ("200 OK", ClearMLReply.body(400, 5, "Invalid"), .permanent, .outcomeUnknown),
        ])
    func strangers(status: String, body: String, read: StepError.Kind, change: StepError.Kind) async throws {
        let server = try ScriptedServer.answering(status, body: body)
        let client = try client(server)
        let reading = try await failure { try await client.read("users.get_all", retry: .never) }
        #expect(reading.stepError.kind == read)
        #expect(reading.cause == .notClearML(status: Int(status.prefix(3)) ?? 0))
        let changing = try await failure { try await client.change("system.create_company") }
        #expect(changing.stepError.kind == change)
        #expect(changing.mayHaveHappened == (change == .outcomeUnknown))
    }

    @Test("a change whose reply is lost is sent once, and may have happened; a read is sent again")
    func lostReply() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.receive()
            if connection.number == 3 { connection.reply(body: ClearMLReply.body()) }
        }
        let client = try client(server)
        let failure = try await failure { try await client.change("system.create_company", ["name": "one"]) }
        #expect(failure.mayHaveHappened)
        #expect(failure.stepError.kind == .outcomeUnknown)
        #expect(server.requests.count == 1)
        _ = try await client.read("system.get_companies")
        #expect(server.requests.count == 3)
    }

    @Test("nobody there: nothing has happened, and it is tried again before that is said")
    func nobody() async throws {
        let clock = SteppingClock()
        let client = try ClearMLClient(
            url: "http://127.0.0.1:1", credentials: credentials, transport: .forTests(clock: clock))
        let failure = try await failure { try await client.change("system.create_company") }
        #expect(failure.cause == .noReply(.couldNotConnect))
        #expect(!failure.mayHaveHappened)
        #expect(failure.stepError.kind == .transient)
        #expect(clock.sleeps.count == 4)
    }

    @Test("a redirect is not followed, and says where it goes")
    func redirect() async throws {
        let server = try ScriptedServer.answering(
            "308 Permanent Redirect", headers: ["Location: https://api.example.com/debug.ping?token=x"])
        let failure = try await failure { try await client(server).change("queues.create") }
        #expect(failure.message == "the server redirects to https://api.example.com/debug.ping")
        #expect(failure.stepError.kind == .permanent)
    }

    @Test("credentials are in no description")
    func discretion() async throws {
        let server = try ScriptedServer.answering("401 Unauthorized", body: ClearMLReply.body(401, 22, "Unauthorized"))
        let failure = try await failure { try await client(server).read("users.get_current_user") }
        var text = "\(credentials) \(failure) \(failure.stepError)"
        dump(credentials, to: &text)
        debugPrint(credentials, to: &text)
        #expect(!text.contains("KEY1") && !text.contains("s3cr3t"))
    }
}
