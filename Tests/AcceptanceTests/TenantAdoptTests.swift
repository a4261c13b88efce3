import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// A tenant that another database does not know, and whose company has another name than it.
    @Suite struct TenantAdoptTests {
        @Test("a tenant whose company is called otherwise is adopted, looked at, changed and deleted")
        func otherName() async throws {
            let maker = try await TenantBench.ready()
            let sandbox = maker.sandbox
            let before = try await maker.world()
            let others: [String: any Sendable] = ["company_name": "Acme Works", "ports": ["enabled": false]]
            try await maker.create(others)
            let made = try #require(try await sandbox.serverState().companies(named: "Acme Works").first)

            let bench = TenantBench(sandbox: sandbox, home: try Home(sandbox), name: "acme")
            let home = bench.home
            let stranger = try await home.run(["tenant", "adopt", "acme"] + bench.adoption([:]))
            #expect(stranger.status != 0 && stranger.text.contains("acme"), "\(stranger.text)")
            let all = try await maker.world()
            let releases = try await sandbox.helm("list", "-n", "acme", "-o", "json")
            let ports = ["company_name": "Acme Works", "session_ports": "{starting_port: 31000, count: 3}"]
            try await home.succeed(["tenant", "adopt", "acme"] + bench.adoption(ports))
            #expect(try await home.query("SELECT tenant FROM port_windows") == ["acme"])
            // Each revert writes to the registry alone, and may be over before the kill arrives.
            let writes: Set<String> = ["record", "versions", "ports"]
            let undone = try await home.killAtEach(.back, of: ["rollback", home.show().run], short: writes)
            #expect(undone.begun == writes, "\(undone)")
            #expect(try await maker.world() == all, "nor does its rollback change anything")
            #expect(try await sandbox.helm("list", "-n", "acme", "-o", "json") == releases)
            #expect(try await home.query("SELECT name FROM tenants") == [])
            #expect(try await home.query("SELECT tenant FROM port_windows") == [])

            try await home.succeed(["tenant", "adopt", "acme"] + bench.adoption(["company_name": "Acme Works"]))
            #expect(try await maker.world() == all, "an adoption changes nothing")
            try await home.succeed("drift")

            try await home.succeed("tenant", "suspend", "acme")
            #expect(try await sandbox.serverState().companies(named: "Acme Works").first?.domains == [])
            try await home.succeed("tenant", "resume", "acme")
            #expect(try await sandbox.serverState().companies(named: "Acme Works").first?.domains == made.domains)
            #expect(!made.domains.isEmpty)

            // What the maker had set, and the adopter does not know of, stays.
            let wanted: [String: any Sendable] = [
                "features": ["pipelines"], "allowed_users": NSNull(), "email_domains": ["works.example.com"],
            ]
            try await home.succeed("tenant", "update", "acme", "-f", bench.inputs(others.merging(wanted) { $1 }))
            let server = try await sandbox.serverState()
            #expect(server.companies(named: "acme").isEmpty)
            let changed = try #require(server.companies(named: "Acme Works").first)
            #expect(changed.id == made.id && changed.domains == ["works.example.com"])
            #expect(changed.settings.mapValues(\.text) == ["features": "pipelines", "allowed_users": "10"])
            #expect(server.users(of: made.id).count == 1)
            let keys = try await bench.keysInUse()
            let known = try await home.query("SELECT company FROM tenants WHERE name = 'acme'")
            #expect(known == [made.id])
            #expect(Set(server.credentials(of: made.id).map(\.accessKey)).isSuperset(of: [keys.agent, keys.gateway]))
            try await home.succeed("drift")
            try await sandbox.kubectl("delete", "networkpolicy", "deny-other-namespaces", "-n", "acme")
            let drift = try await home.run("drift")
            #expect(drift.status == 2 && drift.output.contains("isolation: is gone"), "\(drift.text)")

            try await home.succeed("tenant", "delete", "acme", "-i", "approval=false")
            #expect(try await bench.world() == before)
            #expect(try await bench.state() == "deleted")
            try await home.succeed("audit", "verify")
        }
    }
}

extension TenantBench {
    /// The arguments by which the program finds a tenant that it does not know.
    fileprivate func adoption(_ more: [String: String]) throws -> [String] {
        let given = [
            "admin": "{email: ada@\(name).example.com}", "base_domain": "clearml.example.com",
            "api_url": try #require(try sandbox.variables()["SANDBOX_API_URL"]),
        ]
        return given.merging(more) { $1 }.sorted { $0.key < $1.key }.flatMap { ["-i", "\($0.key)=\($0.value)"] }
    }
}
