import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// A tenant that is there is brought to other inputs, by the fleet and by hand.
    @Suite struct TenantUpdateTests {
        private static let changes: [String: any Sendable] = [
            "features": ["applications", "pipelines"], "allowed_users": 20,
            "email_domains": ["acme.example.com", "acme.example.org"],
            "queues": ["default": ["queueSettings": ["maxPods": 3]], "extra": [:]] as [String: [String: [String: Int]]],
            "values": ["agent": ["agentk8sglue": ["defaultContainerImage": "python:3.11"]]],
        ]

        @Test("a changed file changes the tenant, once, and a rollback of that brings back what was")
        func fleet() async throws {
            let bench = try await TenantBench.ready()
            let home = bench.home
            try await home.succeed("fleet", "apply", "-f", bench.fleet([:]))
            let before = try await bench.look()
            #expect(before.settings["features"] == "applications" && before.queues == ["default"])

            let file = try bench.fleet(Self.changes)
            try await home.succeed("fleet", "apply", "-f", file)
            let run = try await home.show()
            #expect(run.workflow == "tenant-update" && run.status == "succeeded")
            let after = try await bench.look()
            #expect(after.settings == ["features": "applications,pipelines", "allowed_users": "20"])
            #expect(after.domains == ["acme.example.com", "acme.example.org"])
            #expect(after.queues == ["default", "extra"] && after.image == "python:3.11")
            #expect(after.company == before.company && after.keys == before.keys)

            try await home.succeed("fleet", "apply", "-f", file)
            #expect(try await home.show().run == run.run)
            try await home.succeed("drift")

            // What is not given any more is taken away, and that is once enough.
            let less = try bench.fleet(Self.changes, without: ["features", "allowed_users"])
            let plan = try await home.run("fleet", "plan", "-f", less)
            #expect(plan.output.contains("allowed_users: 20 → nothing"), "\(plan.text)")
            try await home.succeed("fleet", "apply", "-f", less)
            #expect(try await bench.look().settings == ["features": ""])
            let second = try await home.show().run
            try await home.succeed("drift")
            try await home.succeed("fleet", "apply", "-f", less)
            #expect(try await home.show().run == second)
            try await home.succeed("rollback", second)
            #expect(try await bench.look() == after)

            try await home.killAtEach(.back, of: ["rollback", run.run], short: TenantBench.short)
            #expect(try await bench.look() == before)
            try await home.succeed("audit", "verify")
            try await bench.clear()
        }

        @Test("killed at each of its steps and resumed, an update is done once; a queue goes only where that is asked")
        func kills() async throws {
            let bench = try await TenantBench.ready()
            try await bench.create(Self.changes)
            let before = try await bench.look()
            // One that stops half-way has given a limit, and the next one does not want it.
            let stopped = try await bench.home.run(
                "tenant", "update", "acme", "-i", "max_running_apps=4", "-i", "queues={q: {}}")
            #expect(stopped.status == 1, "\(stopped.text)")
            #expect(try await bench.look().settings["max_running_apps"] == "4")
            let asked: [String: any Sendable] = [
                "remove_queues": ["extra"], "values": [String: String](), "allowed_users": NSNull(),
                "max_running_apps": NSNull(),
            ]
            try await bench.sandbox.answerLate()
            let toll = try await bench.home.killAtEach(
                .forth, of: ["tenant", "update", "acme", "-f", bench.inputs(asked), "-i", "queues={default: {}}"],
                short: TenantBench.short)
            #expect(toll.struck.count >= 18, "\(toll)")
            try await bench.sandbox.disarm()
            let after = try await bench.look()
            #expect(after.settings == ["features": "applications"])
            #expect(after.queues == ["default"] && after.image == "python:3.9" && after.keys == before.keys)
            try await bench.check()

            let refused = try await bench.home.run(
                "tenant", "update", "acme", "-i", "admin={name: Bob, email: bob@acme.example.com}")
            #expect(refused.status != 0 && refused.text.contains("cannot be changed"), "\(refused.text)")
            #expect(try await bench.look() == after)
            try await bench.clear()
        }
    }
}
