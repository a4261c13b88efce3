import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// A tenant that nobody may use for a while.
    @Suite struct TenantSuspendTests {
        @Test("a suspended tenant stays so until it is resumed, and then is what it was; nothing is deleted on the way")
        func thereAndBack() async throws {
            let bench = try await TenantBench.ready()
            let home = bench.home
            let file = try bench.fleet([:])
            try await home.succeed("fleet", "apply", "-f", file)
            let before = try await bench.look()
            #expect(before.replicas == "1")

            try await bench.sandbox.answerLate()
            let suspension = try await home.killAtEach(
                .forth, of: ["tenant", "suspend", "acme"], short: TenantBench.short)
            #expect(suspension.struck.count >= 5, "\(suspension)")
            try await bench.sandbox.disarm()
            let suspended = try await bench.look()
            #expect(suspended.replicas == "0" && suspended.domains == [])
            #expect(suspended.keys == before.keys && suspended.queues == before.queues)
            #expect(try await bench.state() == "suspended")

            // It is as wanted: the fleet does not wake it.
            let runs = try await home.query("SELECT count(*) FROM runs")
            try await home.succeed("fleet", "apply", "-f", file)
            #expect(try await home.query("SELECT count(*) FROM runs") == runs)
            let quiet = try await home.run("drift")
            #expect(quiet.status == 0 && quiet.output.contains("suspended: acme"), "\(quiet.text)")
            try await bench.sandbox.kubectl(
                "scale", "deployment", "-n", "acme", "clearml-agent-clearml-enterprise-agent", "--replicas=1")
            let woken = try await home.run("drift")
            #expect(woken.status == 2 && woken.output.contains("agent: differs"), "\(woken.text)")
            try await home.succeed("tenant", "suspend", "acme")
            #expect(try await bench.look().replicas == "0")

            // Wanted otherwise, somebody has to decide.
            let refused = try await home.run("fleet", "apply", "-f", bench.fleet(["allowed_users": 7]))
            #expect(refused.status != 0 && refused.text.contains("runner tenant resume acme"), "\(refused.text)")
            #expect(try await bench.look().settings == before.settings)

            try await bench.sandbox.answerLate()
            let resumption = try await home.killAtEach(
                .forth, of: ["tenant", "resume", "acme"], short: TenantBench.short)
            #expect(resumption.struck.count >= 5, "\(resumption)")
            try await bench.sandbox.disarm()
            try await bench.check()
            #expect(try await bench.look() == before)
            try await home.killAtEach(.back, of: ["rollback", "last"], short: TenantBench.short.union(["domains"]))
            #expect(try await bench.look().replicas == "0")
            #expect(try await bench.state() == "suspended")
            try await home.succeed("tenant", "resume", "acme")
            try await home.succeed("drift")
            try await home.succeed("tenant", "suspend", "acme")
            try await home.killAtEach(.back, of: ["rollback", "last"], short: TenantBench.short.union(["domains"]))
            #expect(try await bench.look() == before)
            try await bench.clear()
        }
    }
}
