import Foundation
import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLReadyTests {
    let clock = SteppingClock()

    func step() throws -> StepUnderTest { try StepUnderTest(ClearMLReady(.forTests(clock: clock))) }

    func input(_ url: String, timeout: String = "10m") -> [String: Value] {
        ["url": .string(url), "key": "KEY", "secret": "SECRET", "timeout": .string(timeout)]
    }

    /// Answers the n-th request (0-based) as `script` says, and whatever comes later like the last.
    func server(_ script: [(status: String, body: String)]) throws -> ScriptedServer {
        let count = Locked(0)
        return try ScriptedServer { connection in
            while let request = connection.receive() {
                let index = count.with { count in
                    count += 1
                    return count - 1
                }
                let answer = script[min(index, script.count - 1)]
                // A server that is up answers both calls of a look alike.
                let ping = request.line.contains("debug.ping") && answer.body == ClearMLReply.supervisor
                connection.reply(answer.status, body: ping ? ClearMLReply.body() : answer.body)
            }
        }
    }

    @Test("a server that comes up is waited for, with growing pauses, and each obstacle is told once")
    func comesUp() async throws {
        let up = ("200 OK", ClearMLReply.supervisor)
        let server = try server([
            ("404 Not Found", "default backend - 404"), ("503 Service Unavailable", "<html>"),
            ("503 Service Unavailable", "<html>"), up, ("401 Unauthorized", ClearMLReply.body(401, 22, "Unauthorized")),
            up, up,
        ])
        let step = try step()
        let output = try await step.apply(input(server.url))
        #expect(
            output.values == [
                "url": .string(server.url), "version": "2.34", "user": "__supervisor__", "role": "system",
                "company": "d1bd92a3b039400cbafc60a7a5b1e52b",
            ])
        #expect(clock.sleeps == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(step.log.count == 3)
        #expect(step.log.first?.contains("the ingress does not know this host") == true)
        #expect(step.log.dropFirst().first?.contains("no apiserver behind it") == true)
        #expect(step.log.last?.contains("refuses the credentials") == true)
        #expect(try await step.observe(input(server.url)) == .present(output))
    }

    @Test(
        "when the time is up, it says what stands in the way",
        arguments: [
            ("http://127.0.0.1:1", "nothing listens there", "ingress controller runs"),
            ("http://no-such-host.invalid", "does not resolve", "DNS records"),
        ])
    func neverThere(url: String, message: String, remedy: String) async throws {
        let step = try step()
        #expect(try await step.observe(input(url)) == .absent())
        let error = try #require(
            await #expect(throws: StepError.self) { try await step.apply(input(url, timeout: "30s")) })
        #expect(error.kind == .timedOut)
        #expect(error.message.contains(message))
        #expect(error.remedy?.contains(remedy) == true)
        #expect(clock.sleeps.reduce(.zero, +) == .seconds(30))
    }

    @Test("no trusted connection is told as such")
    func untrusted() async throws {
        // Plain text where TLS is expected.
        let server = try ScriptedServer { connection in
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.waitForClose()
        }
        let url = server.url.replacing("http://", with: "https://")
        let error = try #require(
            await #expect(throws: StepError.self) { try await step().apply(input(url, timeout: "1s")) })
        #expect(error.message.contains("no trusted connection"))
    }

    @Test("credentials that stay refused end the wait after the grace")
    func refused() async throws {
        let server = try server([("401 Unauthorized", ClearMLReply.body(401, 22, "Unauthorized (invalid credentials)"))]
        )
        let error = try #require(await #expect(throws: StepError.self) { try await step().apply(input(server.url)) })
        #expect(error.kind == .permanent)
        #expect(error.message.contains("invalid credentials"))
        #expect(clock.sleeps.reduce(.zero, +) >= .seconds(60) && clock.sleeps.reduce(.zero, +) < .seconds(75))
    }

    @Test("a role that will not do ends the wait at once")
    func role() async throws {
        let user = ClearMLReply.supervisor.replacing("\"system\"", with: "\"user\"")
        let server = try server([("200 OK", ClearMLReply.body()), ("200 OK", user)])
        let error = try #require(await #expect(throws: StepError.self) { try await step().apply(input(server.url)) })
        #expect(error.kind == .permanent)
        #expect(error.message.contains("role 'user'"))
        #expect(clock.sleeps.isEmpty)
    }
}
