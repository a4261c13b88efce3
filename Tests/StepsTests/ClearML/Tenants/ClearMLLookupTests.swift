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
