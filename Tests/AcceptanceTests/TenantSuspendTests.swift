import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// A tenant that nobody may use for a while.
    @Suite(.serialized) struct TenantSuspendTests {
        private static let wanted = "features: [applications]\nemail_domains: [acme.example.com]"

        @Test("a suspended tenant stays so until it is resumed, and then is what it was; nothing is deleted on the way")
        func thereAndBack() async throws {
            let home = try Home(try Sandbox.require())
            let site = try TenantSite(home)
            try site.want(Self.wanted)
            try await site.succeed("fleet", "apply", "-f", site.file)
            let before = try await site.look()
            #expect(before.agentReplicas == "1")

            #expect(try await site.killInEveryStep("tenant", "suspend", "acme") > 2)
            let suspended = try await site.look()
            #expect(suspended.agentReplicas == "0" && suspended.company.domains == [])
            #expect(suspended.keys == before.keys && suspended.queues == before.queues)
            #expect(suspended.registry.hasPrefix("suspended|"))

            // It is as wanted: the fleet does not wake it.
            let runs = try await home.query("SELECT count(*) FROM runs")
            try await site.succeed("fleet", "apply", "-f", site.file)
            #expect(try await home.query("SELECT count(*) FROM runs") == runs)
            let quiet = try await site.run("drift")
            #expect(quiet.status == 0 && quiet.output.contains("suspended: acme"), "\(quiet.text)")
            try await home.sandbox.kubectl(
                "scale", "deployment", "-n", "acme", "-l", "app.kubernetes.io/instance=clearml-agent", "--replicas=1")
            let woken = try await site.run("drift")
            #expect(woken.status == 2 && woken.output.contains("agent: differs"), "\(woken.text)")
            try await site.succeed("tenant", "suspend", "acme")
            #expect(try await site.look() == suspended)

            // Wanted otherwise, somebody has to decide.
            try site.want(Self.wanted + "\nallowed_users: 7")
            let refused = try await site.run("fleet", "apply", "-f", site.file)
            #expect(refused.status != 0 && refused.text.contains("runner tenant resume acme"), "\(refused.text)")
            #expect(try await site.look() == suspended)

            #expect(try await site.killInEveryStep("tenant", "resume", "acme") > 2)
            #expect(try await site.look().agentReplicas == "1")
            #expect(try await site.look().company == before.company)
            try await site.succeed("rollback", "last")
            #expect(try await site.look() == suspended)
            try await site.succeed("tenant", "resume", "acme")
            try await site.succeed("drift")
            try await site.succeed("tenant", "suspend", "acme")
            try await site.succeed("rollback", "last")
            #expect(try await site.look().company == before.company)
            #expect(try await site.look().agentReplicas == "1")
            try await site.succeed("audit", "verify")
            try await site.clear()
        }
    }
}
