import Foundation
import Steps
import Testing
import Workflow

/// All that the server holds of a tenant, made by one run.
@Suite(.timeLimit(.minutes(10)))
struct TenantTests {
    static func steps(_ name: String = "acme") -> String {
        """
        company: clearml.company { name: \(name) }
        admin: clearml.user { company: "${{ steps.company.id }}", name: Ada, email: ada@\(name).org, role: admin }
        agent: clearml.credentials { user: "${{ steps.admin.id }}", company: "${{ steps.company.id }}" }
        gateway: clearml.credentials { user: "${{ steps.admin.id }}", company: "${{ steps.company.id }}" }
        sso: clearml.sso-domains { user: "${{ steps.admin.id }}", domains: [\(name).org] }
        settings: clearml.company-settings { company: "${{ steps.company.id }}", features: [applications] }
        queue: clearml.queue { user: "${{ steps.admin.id }}", name: default }
        """
    }

    static func isWhole(_ server: StandInServer, tenants: Int) async throws {
        #expect(try await server.tenants().count == tenants)
        #expect(Set(try await server.tenants().map { $0["name"] }).count == tenants)
        #expect(try await server.people().count == tenants)
        #expect(try await server.keys().count == 2 * tenants)
        #expect(try await server.remembered("queues").count { $0["name"] == "default" } == tenants)
    }

    @Test("a lost reply to each call that makes something: there is exactly one of each, and none after a rollback")
    func lostReplies() async throws {
        let server = try await StandInServer("--server-version", "3.30", "--no-unique-company-names")
        for call in ["system.create_company", "auth.create_user", "auth.create_credentials", "queues.create"] {
            try await server.fault(call, "lose-reply")
        }
        let bench = try RunBench(server)
        let ended = try await bench.run(Self.steps())
        #expect(ended.status == .succeeded)
        try await Self.isWhole(server, tenants: 1)
        for call in ["auth.delete_user", "users.delete", "auth.revoke_credentials", "tenants.delete_tenant"] {
            try await server.fault(call, "lose-reply")
        }
        let back = try await bench.rollback()
        #expect(back.status == .rolledBack)
        #expect(try await server.tenants().isEmpty)
        #expect(try await server.people().isEmpty)
        #expect(try await server.keys().isEmpty)
        #expect(try await server.remembered("queues").count { $0["name"] == "default" } == 0)
    }

    @Test(
        "a process that ends in any of the steps: there is exactly one of each",
        arguments: ["company", "admin", "agent", "gateway", "sso", "settings", "queue"])
    func interrupted(step: String) async throws {
        let server = try await StandInServer("--no-unique-company-names")
        let bench = try RunBench(server)
        try await bench.run(Self.steps(), dyingIn: step)
        #expect(try await bench.goOn().status == .succeeded)
        try await Self.isWhole(server, tenants: 1)
    }

    @Test("many at once on a bad line: there is exactly one of each", arguments: [1, 2, 3])
    func badLine(seed: Int) async throws {
        let server = try await StandInServer("--no-unique-company-names", "--server-version", "3.30")
        try await server.fault("*", "lose-reply", count: nil, ["probability": 0.05, "seed": .integer(seed)])
        try await server.fault(
            "*", "status", count: nil, ["probability": 0.05, "status": 503, "seed": .integer(seed + 9)])
        // One journal a run: they drive at the same time.
        let names = (0..<8).map { "tenant\($0)" }
        let benches = try names.map { _ in try RunBench(server) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, bench) in zip(names, benches) {
                group.addTask {
                    var ended = try await bench.run(Self.steps(name))
                    // Retries may be used up: an operator goes on.
                    for _ in 0..<5 where ended.status == .failed { ended = try await bench.resume() }
                    #expect(ended.status == .succeeded, "\(name): \(ended.steps.compactMap(\.value.failure))")
                }
            }
            try await group.waitForAll()
        }
        try await server.clearFaults()
        try await Self.isWhole(server, tenants: names.count)
    }
}
