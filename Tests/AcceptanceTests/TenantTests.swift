import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// Tenants on a real cluster: made, kept as they are, and undone.
    @Suite struct TenantTests {
        @Test("a tenant is made whole, a second look changes nothing, and a rollback leaves nothing")
        func createAndRollBack() async throws {
            let bench = try await TenantBench.ready()
            let before = try await bench.world()

            try await bench.create()
            try await bench.check()
            let plan = try await bench.home.run(
                "plan", "tenant-create", "-i", "name=acme", "-f", bench.inputs(), "--exit-code")
            #expect(plan.status == 0, "\(plan.text)")
            #expect(try await bench.home.run("drift").status == 0)
            let again = try await bench.home.run("run", "tenant-create", "-i", "name=acme", "-f", bench.inputs())
            #expect(again.status == 0, "\(again.text)")
            try await bench.check()
            // It has changed nothing, so its rollback undoes nothing.
            try await bench.home.succeed("rollback", "last")
            try await bench.check()

            try await bench.home.succeed("rollback", bench.firstRun())
            #expect(try await bench.world() == before)
            try await bench.home.succeed("audit", "verify")
        }

        @Test("only its own pods reach a tenant's, and the ingress controller its gateway")
        func policies() async throws {
            let bench = try await TenantBench.ready()
            try await bench.create(["ingress": ["namespace": "the-controllers"]])
            func field(_ policy: String, _ path: String) async throws -> String {
                try await bench.sandbox.kubectl(
                    "get", "networkpolicy", policy, "-n", "acme", "-o", "jsonpath={\(path)}")
            }
            #expect(try await field("deny-other-namespaces", ".spec.podSelector") == "{}")
            #expect(try await field("deny-other-namespaces", ".spec.ingress") == #"[{"from":[{"podSelector":{}}]}]"#)
            let ingress = try await field("allow-ingress-controller-to-gateway", ".spec.ingress[*].from")
            #expect(ingress.contains("the-controllers") && !ingress.contains("podSelector"))
            // What it selects by is on the gateway's pod, and on no other.
            let label = try await field("allow-ingress-controller-to-gateway", ".spec.podSelector.matchLabels")
            let pair = try JSONDecoder().decode([String: String].self, from: Data(label.utf8))
            let selected = try await bench.sandbox.kubectl(
                "get", "pods", "-n", "acme", "-o", "name", "-l",
                pair.map { "\($0)=\($1)" }.joined(separator: ","))
            #expect(selected.split(whereSeparator: \.isNewline).count == 1)
            #expect(selected.contains("pod/clearml-ttr-"))
            try await bench.home.succeed("rollback", "last")
        }

        @Test("killed once at every step and at every revert, a tenant is made and undone")
        func kills() async throws {
            let bench = try await TenantBench.ready()
            let before = try await bench.world()
            var random = SeededGenerator(seed: 1)
            // Every answer of the server comes late, so that it has often done what nobody was told of.
            try await bench.sandbox.arm([.init(endpoint: "*.*", kind: "delay", delayMilliseconds: 100, count: nil)])

            let killed = try await bench.home.drive(
                bench.creation(), killingAtEach: "start", within: .milliseconds(250), using: &random)
            #expect(killed >= 12)
            try await bench.check()
            let undone = try await bench.home.drive(
                ["rollback", "last"], killingAtEach: "revert", within: .milliseconds(250), using: &random)
            #expect(undone >= 8)
            #expect(try await bench.world() == before)
            try await bench.home.succeed("audit", "verify")
        }

        @Test(
            "a reply that is lost at the very moment leaves one of each",
            arguments: ["system.create_company", "auth.create_user", "auth.create_credentials", "queues.create"])
        func lostReply(of endpoint: String) async throws {
            let bench = try await TenantBench.ready()
            let before = try await bench.world()
            try await bench.sandbox.arm([.init(endpoint: endpoint, kind: "lose-reply")])
            try await bench.create()
            #expect(try await bench.sandbox.faultsLeft() == [])
            try await bench.check()
            try await bench.home.succeed("rollback", "last")
            #expect(try await bench.world() == before)
        }
    }
}

extension TenantBench {
    /// The oldest run of the home.
    fileprivate func firstRun() async throws -> String {
        try #require(try await home.query("SELECT id FROM runs ORDER BY number LIMIT 1").first)
    }
}
