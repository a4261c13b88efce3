import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLCompanyAbsentTests {
    @Test("what runs in a company keeps it; when it is at rest it is deleted, once")
    func deleted() async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let bench = try RunBench(server)
        let (id, user) = try await server.makeTenant()
        let queue = try await server.client.change("queues.create", ["name": "work"], as: .impersonating(user: user))
        let queueID = queue.data["id"] ?? .null
        _ = try await server.client.change(
            "queues.add_task", ["queue": queueID, "task": "t1"], as: .impersonating(user: user))
        let step = "gone: clearml.company-absent { id: \(id), name: acme }"
        let busy = try #require(try await bench.run(step).failure("gone"))
        #expect(busy.kind == .conflict && busy.message.contains("tasks 1"))
        #expect(try await server.tenants().count == 1)

        _ = try await server.client.change(
            "queues.delete", ["queue": queueID, "force": true], as: .impersonating(user: user))
        try await server.fault("tenants.delete_tenant", "lose-reply")
        #expect(try await bench.resume().status == .succeeded)
        #expect(try await server.tenants().isEmpty)
        #expect(try await bench.run(step, as: "r2").steps["gone"]?.effect == InstanceState.Effect.none)
        #expect(try await server.calls("tenants.delete_tenant") == 1)
    }

    @Test(
        "it is not deleted under a wrong name, nor where it is the server's own",
        arguments: ["other", "own"])
    func refused(which: String) async throws {
        let server = try await StandInServer("--server-version", "3.30")
        let (id, _) = try await server.makeTenant()
        let company = which == "own" ? "id: d1bd92a3b039400cbafc60a7a5b1e52b, name: ClearML" : "id: \(id), name: Acme"
        let ended = try await RunBench(server).run("gone: clearml.company-absent { \(company), force: true }")
        #expect(ended.status == .failed)
        #expect(try await server.tenants().count == 1)
        #expect(try await server.calls("tenants.delete_tenant") == 0)
    }

    @Test("an older server without its pods named says what is missing")
    func olderServer() async throws {
        let server = try await StandInServer("--server-version", "3.21")
        let (id, _) = try await server.makeTenant()
        let ended = try await RunBench(server).run("gone: clearml.company-absent { id: \(id), name: acme }")
        #expect(ended.failure("gone")?.remedy?.contains("'pods'") == true)
    }

    @Test("all users of a company are removed, and their addresses are free again")
    func users() async throws {
        let server = try await StandInServer()
        let bench = try RunBench(server)
        let (id, user) = try await server.makeTenant()
        for name in ["b", "c"] {
            _ = try await server.client.change(
                "auth.create_user",
                ["name": "x", "company": .string(id), "email": .string("\(name)@acme.org"), "role": "user"])
        }
        let (_, other) = try await server.makeTenant("other", email: "d@other.org")
        try await server.fault("auth.delete_user", "lose-reply")
        try await server.fault("users.delete", "lose-reply")
        let step = "gone: clearml.users-absent { company: \(id), user: \(user) }"
        #expect(try await bench.run(step).status == .succeeded)
        #expect(try await server.people().map { $0["email"] } == ["d@other.org"])
        #expect(try await bench.run(step, as: "r2").status == .succeeded)
        let foreign = try await bench.run("gone: clearml.users-absent { company: \(id), user: \(other) }", as: "r3")
        #expect(foreign.failure("gone")?.kind == .conflict)
    }
}
