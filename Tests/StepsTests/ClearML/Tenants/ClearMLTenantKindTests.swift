import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// The kinds of a tenant that are small: version, SSO domains, queue.
@Suite(.timeLimit(.minutes(10)))
struct ClearMLTenantKindTests {
    // MARK: - Version

    @Test("it tells what a server can do", arguments: [("3.21", "2.31", false), ("3.30", "2.37", true)])
    func version(release: String, api: String, deletes: Bool) async throws {
        let bench = try RunBench(try await StandInServer("--server-version", release))
        let output = try #require(try await bench.run("look: clearml.version { }").steps["look"]?.output)
        #expect(
            output == [
                "version": .string(api), "company": "d1bd92a3b039400cbafc60a7a5b1e52b", "role": "system",
                "can_delete_company": .bool(deletes), "can_find_user": true,
            ])
        let stranger = try await bench.run(
            "look: clearml.version { }", as: "r2", credentials: StandInServer.stranger)
        #expect(stranger.failure("look")?.message.contains("role 'user'") == true)
    }

    // MARK: - SSO domains

    private func domains(_ server: StandInServer) async throws -> [Value] {
        try await server.tenants().map { $0["domains"] ?? .null }
    }

    @Test("domains are set once, and the list before comes back", arguments: ["lose-reply", "status", "none"])
    func domains(fault: String) async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        _ = try await server.client.change("login.set_domains", ["domains": ["old.org"]], as: .actingAs(user: user))
        if fault != "none" { try await server.fault("login.set_domains", fault, ["status": 503]) }
        let bench = try RunBench(server)
        let step = "sso: clearml.sso-domains { user: \(user), domains: [b.org, A.org] }"
        #expect(try await bench.run(step).status == .succeeded)
        #expect(try await domains(server) == [["a.org", "b.org"]])
        let calls = try await server.calls("login.set_domains")
        #expect(try await bench.run(step, as: "r2").status == .succeeded)
        #expect(try await server.calls("login.set_domains") == calls)
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await domains(server) == [["old.org"]])
    }

    @Test("what somebody else has set since stays, and that is said")
    func changedSince() async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        try await bench.run("sso: clearml.sso-domains { user: \(user), domains: [a.org] }")
        _ = try await server.client.change("login.set_domains", ["domains": ["c.org"]], as: .actingAs(user: user))
        #expect(try await bench.rollback().left("sso").first?.contains("c.org") == true)
        #expect(try await domains(server) == [["c.org"]])
    }

    // MARK: - Queue

    private func queues(_ server: StandInServer) async throws -> [String] {
        try await server.remembered("queues").compactMap { $0["name"]?.stringValue }.filter { $0 != "apps_default" }
    }

    @Test("a queue is made once and removed", arguments: ["lose-reply", "cut", "status", "none"])
    func queue(fault: String) async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        // A name that the other is part of, and one in which a dot is a dot.
        _ = try await server.client.change("queues.create", ["name": "default.x2"], as: .impersonating(user: user))
        if fault != "none" { try await server.fault("queues.create", fault, ["status": 502]) }
        let bench = try RunBench(server)
        let step = "queue: clearml.queue { user: \(user), name: default.x }"
        let ended = try await bench.run(step)
        #expect(ended.status == .succeeded && ended.steps["queue"]?.output?["created"] == true)
        #expect(try await queues(server) == ["default.x2", "default.x"])
        let second = try await bench.run(step, as: "r2")
        #expect(second.output("queue", "id") == ended.output("queue", "id"))
        #expect(try await bench.rollback("r2").status == .rolledBack)
        #expect(try await queues(server).count == 2)
        #expect(try await bench.rollback().status == .rolledBack)
        #expect(try await queues(server) == ["default.x2"])
    }

    @Test("a queue in which tasks wait stays, and that is said")
    func waiting() async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        let id = try #require(
            try await bench.run("queue: clearml.queue { user: \(user), name: default }").output("queue", "id"))
        _ = try await server.client.change(
            "queues.add_task", ["queue": .string(id), "task": "t"], as: .impersonating(user: user))
        let ended = try await bench.rollback()
        #expect(ended.status == .rolledBack && ended.left("queue").first?.contains("tasks wait") == true)
    }

    @Test("one that the agent makes at the same moment is taken, and is not this run's")
    func race() async throws {
        let looks = Locked(0)
        let server = try ScriptedServer { connection in
            while let request = connection.receive() {
                guard request.line.contains("queues.get_all") else {
                    connection.reply("400 Bad Request", body: ClearMLReply.body(400, 801, "Value combination"))
                    continue
                }
                let look = looks.with { looks in
                    looks += 1
                    return looks
                }
                let found = look == 1 ? "[]" : #"[{"id":"q1","name":"default"}]"#
                connection.reply(body: ClearMLReply.body(data: #"{"queues":\#(found)}"#))
            }
        }
        let step = try StepUnderTest(ClearMLQueue(try .forTests()))
        let output = try await step.run([
            "url": .string(server.url), "key": "K", "secret": "S", "user": "u", "name": "default",
        ]).output
        #expect(output.values == ["id": "q1", "name": "default", "created": false])
    }

    @Test(
        "a queue that is not wanted is removed once, and comes back with its tags", arguments: ["lose-reply", "none"])
    func absentQueue(fault: String) async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        try await bench.run("queue: clearml.queue { user: \(user), name: old, tags: [a, b] }")
        if fault != "none" { try await server.fault("queues.delete", fault) }
        let step = "gone: clearml.queue-absent { user: \(user), name: old }"
        #expect(try await bench.run(step, as: "r2").status == .succeeded)
        #expect(try await queues(server) == [])
        let calls = try await server.calls("queues.delete")
        #expect(try await bench.run(step, as: "r3").status == .succeeded)
        #expect(try await server.calls("queues.delete") == calls)
        #expect(try await bench.rollback("r3").status == .rolledBack)
        #expect(try await queues(server) == [])
        let back = try await bench.rollback("r2")
        #expect(back.status == .rolledBack && back.left("gone").first?.contains("another id") == true)
        let queue = try #require(try await server.remembered("queues").first { $0["name"] == "old" })
        #expect(queue["tags"] == ["a", "b"])
    }

    @Test("a queue in which tasks wait is not removed")
    func absentQueueWithTasks() async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        let id = try #require(
            try await bench.run("queue: clearml.queue { user: \(user), name: old }").output("queue", "id"))
        _ = try await server.client.change(
            "queues.add_task", ["queue": .string(id), "task": "t"], as: .impersonating(user: user))
        let ended = try await bench.run("gone: clearml.queue-absent { user: \(user), name: old }", as: "r2")
        #expect(ended.failure("gone")?.message == "tasks wait in it")
        #expect(try await queues(server) == ["old"])
        #expect(try await bench.rollback("r2").left("gone") == [])
    }
}
