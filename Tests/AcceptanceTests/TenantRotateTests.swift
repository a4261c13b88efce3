import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// New access keys for a tenant that goes on working.
    @Suite struct TenantRotateTests {
        @Test("old keys work until new ones are in use; a rollback before that brings them back, and none after it")
        func rotation() async throws {
            let bench = try await TenantBench.ready()
            let (home, sandbox) = (bench.home, bench.sandbox)
            try await bench.create()
            let whole = try await bench.look()
            let old = try await bench.keysInUse()
            let first = try await bench.pods()

            // At the look for what is to be revoked: each of the new pairs has taken two.
            try await sandbox.arm([
                .init(endpoint: "auth.get_credentials", kind: "status", status: 403, count: 1, after: 4)
            ])
            let stopped = try await home.run("tenant", "rotate", "acme")
            #expect(stopped.status == 1, "\(stopped.text)")
            #expect(try await sandbox.faultsLeft() == [])
            let new = try await bench.keysInUse()
            #expect(Set(try await bench.look().keys) == [old.agent, old.gateway, new.agent, new.gateway])
            #expect(Set([old.agent, old.gateway, new.agent, new.gateway]).count == 4)
            let second = try await bench.pods()
            #expect(first.isDisjoint(with: second) && second.count == first.count, "pods read keys when they start")
            try await sandbox.answerLate()
            let undone = try await home.killAtEach(
                .back, of: ["rollback", home.show().run], short: ["record", "agent_fresh", "gateway_fresh"], seed: 5)
            #expect(
                undone.begun.isSuperset(of: [
                    "agent", "gateway", "agent_back", "gateway_back", "agent_credentials", "gateway_credentials",
                ]), "\(undone)")
            try await sandbox.disarm()
            try await bench.check()
            #expect(try await bench.keysInUse() == old)
            #expect(try await bench.pods().isDisjoint(with: second))

            try await sandbox.arm([.init(endpoint: "auth.create_credentials", kind: "lose-reply")])
            try await sandbox.answerLate()
            let probe = try RotationProbe(bench, after: try await home.journalEnd())
            try await probe.sample()
            async let probing: Void = probe.go()
            let toll = try await home.killAtEach(
                .forth, of: ["tenant", "rotate", "acme"],
                short: TenantBench.short.union(["record", "agent_back", "gateway_back"]), seed: 6)
            #expect(toll.struck.count >= 8, "\(toll)")
            await probe.end()
            try await probing
            try await probe.sample()
            let complaints = await probe.complaints
            #expect(complaints == [])
            print("asked while keys were exchanged: \(await probe.samples) times, \(await probe.during) in the middle")
            #expect(await probe.during > 0)
            try await sandbox.disarm()
            try await bench.check()
            let now = try await bench.keysInUse()
            #expect(Set([old.agent, old.gateway, new.agent, new.gateway]).isDisjoint(with: [now.agent, now.gateway]))
            // The registry has them: nothing is to be made anew.
            let drift = try await home.run("drift")
            #expect(drift.status == 0, "\(drift.text)")
            var same = try await bench.look()
            #expect(same.registry != whole.registry)
            (same.registry, same.keys) = (whole.registry, whole.keys)
            #expect(same == whole)

            let rollback = try await home.run("rollback", "last", "--yes")
            #expect(rollback.status != 0, "there is no way back: \(rollback.text)")
            try await bench.check()
            #expect(try await bench.keysInUse() == now)
            try await bench.clear()
        }
    }
}

extension TenantBench {
    /// The ids of agent's and gateway's pods that are there to stay.
    fileprivate func pods() async throws -> Set<String> {
        struct List: Decodable {
            struct Pod: Decodable {
                struct Metadata: Decodable { var uid: String, deletionTimestamp: String? }
                var metadata: Metadata
            }
            var items: [Pod]
        }
        let text = try await sandbox.kubectl("get", "pods", "-n", name, "-o", "json")
        let pods = try JSONDecoder().decode(List.self, from: Data(text.utf8)).items
        return Set(pods.filter { $0.metadata.deletionTimestamp == nil }.map(\.metadata.uid))
    }
}
