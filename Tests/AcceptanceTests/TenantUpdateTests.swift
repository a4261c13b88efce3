import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// A tenant that is there is brought to other inputs, by the fleet and by hand.
    @Suite(.serialized) struct TenantUpdateTests {
        private static let first = """
            features: [applications]
            allowed_users: 10
            email_domains: [acme.example.com]
            queues: { default: { queueSettings: { maxPods: 10 } } }
            """
        private static let second = """
            features: [applications, pipelines]
            allowed_users: 20
            email_domains: [acme.example.com, acme.example.org]
            queues: { default: { queueSettings: { maxPods: 3 } }, extra: {} }
            values: { agent: { agentk8sglue: { defaultContainerImage: "python:3.11" } } }
            """

        @Test("a changed file changes the tenant, once, and a rollback of that brings back what was")
        func fleet() async throws {
            let home = try Home(try Sandbox.require())
            let site = try TenantSite(home)
            try site.want(Self.first)
            try await site.succeed("fleet", "apply", "-f", site.file)
            let before = try await site.look()
            #expect(before.company.settings.features == ["applications"] && before.queues == ["default"])

            try site.want(Self.second)
            try await site.succeed("fleet", "apply", "-f", site.file)
            let run = try await home.show()
            #expect(run.workflow == "tenant-update" && run.status == "succeeded")
            let after = try await site.look()
            #expect(
                after.company.settings.features == ["applications", "pipelines"]
                    && after.company.settings.allowedUsers == 20)
            #expect(after.company.domains == ["acme.example.com", "acme.example.org"])
            #expect(after.queues == ["default", "extra"] && after.agentImage == "python:3.11")
            #expect(after.company.id == before.company.id && after.keys == before.keys)

            try await site.succeed("fleet", "apply", "-f", site.file)
            #expect(try await home.show().run == run.run)
            try await site.succeed("drift")

            // Lists that are not given any more are emptied.
            try site.want(Self.second.replacing("features: [applications, pipelines]\n", with: ""))
            try await site.succeed("fleet", "apply", "-f", site.file)
            #expect(try await site.look().company.settings.features == [])
            try await site.succeed("rollback", "last")
            #expect(try await site.look() == after)

            try await site.succeed("rollback", run.run)
            #expect(try await site.look() == before)
            try site.want(Self.first)
            try await site.succeed("fleet", "apply", "-f", site.file)
            #expect(try await home.query("SELECT count(*) FROM runs WHERE workflow = 'tenant-create'") == ["3"])
            try await site.clear()
        }

        @Test(
            "killed in every one of its steps and resumed, an update is done once; a queue goes only where that is asked"
        )
        func kills() async throws {
            let home = try Home(try Sandbox.require())
            let site = try TenantSite(home)
            try site.want(Self.second)
            try await site.succeed("fleet", "apply", "-f", site.file)
            let before = try await site.look()
            #expect(before.queues == ["default", "extra"])

            try site.want(Self.first)
            try home.write("changes.yaml", Self.first + "\nvalues: {}\nremove_queues: [extra]\n")
            let kills = try await site.killInEveryStep("tenant", "update", "acme", "-f", "\(home.path)/changes.yaml")
            #expect(kills > 5, "\(kills) kills")
            let after = try await site.look()
            #expect(
                after.company.settings.features == ["applications"] && after.company.settings.allowedUsers == 10
                    && after.queues == ["default"])
            #expect(after.company.id == before.company.id && after.keys == before.keys)
            try await site.succeed("audit", "verify")

            let refused = try await site.run(
                "tenant", "update", "acme", "-i", "admin={name: Bob, email: bob@acme.example.com}")
            #expect(refused.status != 0 && refused.text.contains("cannot be changed"), "\(refused.text)")
            #expect(try await site.look() == after)
            try await site.clear()
        }
    }
}
