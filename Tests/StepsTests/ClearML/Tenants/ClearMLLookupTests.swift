import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ClearMLLookupTests {
    @Test("a company is found by its exact name and by its id, and its administrator by e-mail address")
    func found() async throws {
        let server = try await StandInServer()
        let (id, user) = try await server.makeTenant()
        let ended = try await RunBench(server).run(
            """
            by_name: clearml.company-lookup { name: acme }
            by_id: clearml.company-lookup { id: \(id) }
            admin: clearml.user-lookup { company: \(id), email: ada@acme.org, role: admin }
            nobody: clearml.user-lookup { company: \(id), email: bob@acme.org }
            """)
        #expect(ended.steps["by_name"]?.output?["id"] == .string(id))
        #expect(ended.steps["by_id"]?.output?["name"] == "acme")
        #expect(ended.steps["admin"]?.output?["id"] == .string(user))
        #expect(ended.failure("nobody")?.message == "nobody has this e-mail address")
    }

    @Test("a tenant's domains are read, whoever has set them")
    func domains() async throws {
        let server = try await StandInServer()
        let (_, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        let look = "domains: clearml.sso-domains-lookup { user: \(user) }"
        #expect(try await bench.run(look).steps["domains"]?.output?["domains"] == .array([]))
        try await bench.run("sso: clearml.sso-domains { user: \(user), domains: [b.acme.org, acme.org] }", as: "r2")
        let found = try await bench.run(look, as: "r3").steps["domains"]?.output?["domains"]
        #expect(found == ["acme.org", "b.acme.org"])
    }

    @Test("what is not there is null where that is allowed; the server's own company is refused all the same")
    func missing() async throws {
        let server = try await StandInServer()
        let (id, _) = try await server.makeTenant()
        let ended = try await RunBench(server).run(
            """
            by_id: clearml.company-lookup { id: \(String(repeating: "a", count: 32)), allow_missing: true }
            by_name: clearml.company-lookup { name: Acme, allow_missing: true }
            nobody: clearml.user-lookup { company: \(id), email: bob@acme.org, allow_missing: true }
            own: clearml.company-lookup { id: d1bd92a3b039400cbafc60a7a5b1e52b, allow_missing: true }
            """)
        #expect(ended.steps["by_id"]?.output == ["id": .null, "name": .null])
        #expect(ended.steps["by_name"]?.output?["id"] == .null)
        #expect(ended.steps["nobody"]?.output?["id"] == .null)
        #expect(ended.failure("own")?.message.contains("server's own") == true)
    }

    @Test("a company in which something waits is not idle, on newer and on older servers", arguments: ["3.30", "3.21"])
    func idle(version: String) async throws {
        let server = try await StandInServer("--server-version", version)
        let (id, user) = try await server.makeTenant()
        let bench = try RunBench(server)
        let step = "look: clearml.company-lookup { id: \(id), idle: true, user: \(user) }"
        #expect(try await bench.run(step).status == .succeeded)
        let queue = try await server.client.change("queues.create", ["name": "work"], as: .impersonating(user: user))
        _ = try await server.client.change(
            "queues.add_task", ["queue": queue.data["id"] ?? .null, "task": "t1"], as: .impersonating(user: user))
        let busy = try await bench.run(step, as: "r2")
        #expect(busy.failure("look")?.kind == .conflict && busy.failure("look")?.message.contains("tasks 1") == true)
    }

    @Test("another case, no company, another name and the server's own are refused")
    func refused() async throws {
        let server = try await StandInServer()
        let (id, _) = try await server.makeTenant()
        for (with, words) in [
            ("name: Acme", "exactly this name"), ("id: \(String(repeating: "a", count: 32))", "no such company"),
            ("id: \(id), name: other", "is called 'acme'"),
            ("id: d1bd92a3b039400cbafc60a7a5b1e52b", "server's own"),
        ] {
            let ended = try await RunBench(server).run("look: clearml.company-lookup { \(with) }")
            #expect(ended.failure("look")?.message.contains(words) == true, "\(with)")
        }
        #expect(try await server.calls("system.create_company") == 1)
    }
}
