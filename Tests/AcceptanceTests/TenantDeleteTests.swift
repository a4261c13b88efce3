import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// A tenant that nobody needs any more.
    @Suite struct TenantDeleteTests {
        private static let other = String(repeating: "a", count: 32)

        @Test(
            "the fleet deletes a tenant, killed at every step, and nothing of it is left; what stops before leaves all")
        func deletion() async throws {
            let bench = try await TenantBench.ready()
            let (home, sandbox) = (bench.home, bench.sandbox)
            let before = try await bench.world()
            try await home.succeed("fleet", "apply", "-f", bench.fleet([:]))
            let whole = try await bench.look()
            let secrets = try await sandbox.serverState().credentials.map(\.secretKey)
            let hunt = try SecretHunt(sandbox.secrets() + secrets)
            try home.recordHelm()

            // What is not meant is refused, before anything is changed.
            let unknown = try await home.run("tenant", "delete", "nobody")
            #expect(unknown.status == 66, "\(unknown.text)")
            for (company, words) in [(Self.other, "its company is \(whole.company)"), ("", "company")] {
                let refused = try await home.run(
                    "tenant", "delete", "acme", "-i", "approval=false", "-i", "company=\(company)")
                #expect(refused.status != 0 && refused.text.contains(words), "\(refused.text)")
            }
            try await sandbox.become("3.21")
            let older = try await home.run("tenant", "delete", "acme", "-i", "approval=false")
            #expect(older.status == 1 && older.text.contains("the input pods"), "\(older.text)")
            try await sandbox.become("3.30")
            #expect(try await bench.look() == whole)

            // Without its backup nothing is removed, and the tenant can be opened again.
            let failed = try await home.run(
                "tenant", "delete", "acme", "-i", "approval=false", "-i", "backup={command: 'exit 3'}")
            #expect(failed.status == 1, "\(failed.text)")
            let closed = try await bench.look()
            #expect(closed.keys == whole.keys && closed.queues == whole.queues && closed.replicas == "0")
            #expect(try await bench.state() == "deleting")
            let busy = try await home.run("tenant", "delete", "acme")
            #expect(busy.status == 3 && busy.text.contains("has not come to its end"), "\(busy.text)")
            try await sandbox.answerLate()
            let opened = try await home.killAtEach(
                .back, of: ["rollback", "last"], short: TenantBench.short.union(["backup"]))
            #expect(opened.struck.count >= 2, "\(opened)")
            try await sandbox.disarm()
            #expect(try await bench.look() == whole)
            try await bench.check()

            let plan = try await home.succeed(
                "plan", "tenant-delete", "-f", bench.deletion(), "-i", "company=\(whole.company)")
            #expect(plan.contains("no way back") || plan.contains("point of no return"), "\(plan)")

            let none = try bench.nobody()
            let left = try await home.run("fleet", "apply", "-f", none)
            #expect(left.status == 0 && left.text.contains("left alone without --prune: acme"), "\(left.text)")
            let asked = try await home.run("fleet", "apply", "-f", none, "--prune")
            #expect(asked.status == 3 && asked.text.contains("waits at 'approve'"), "\(asked.text)")
            #expect(try await bench.look() == whole)
            try await home.succeed("approve", "last", "approve")
            try await sandbox.answerLate()
            let toll = try await home.killAtEach(
                .forth, of: ["fleet", "apply", "-f", none, "--prune"], short: TenantBench.short, seed: 5)
            #expect(toll.struck.count >= 8, "\(toll)")
            #expect(try await bench.world() == before)
            #expect(try await bench.state() == "deleted")
            let helm = try home.helmArguments()
            #expect(helm.contains("uninstall\n") && hunt.found(in: helm) == [])
            #expect(hunt.found(inFilesOf: home.path, besides: ["key"]) == [])
            let again = try await home.run("fleet", "apply", "-f", none, "--prune")
            #expect(again.status == 0 && again.text.contains("nothing to do"), "\(again.text)")
            #expect(try await home.run("tenant", "delete", "acme").status == 66)
            let rollback = try await home.run("rollback", "last", "--yes")
            #expect(rollback.status != 0, "there is no way back: \(rollback.text)")
            #expect(try await bench.world() == before)
            try await home.succeed("audit", "verify")
        }
    }
}

extension TenantBench {
    /// A fleet in which nobody is wanted.
    fileprivate func nobody() throws -> String {
        let path = "\(home.path)/nobody.json"
        try Data(#"{"tenants": {}}"#.utf8).write(to: URL(filePath: path))
        return path
    }

    /// Inputs of `tenant-delete`, but for the company.
    fileprivate func deletion() throws -> String {
        let api = try #require(try sandbox.variables()["SANDBOX_API_URL"])
        let path = "\(home.path)/delete.json"
        try JSONEncoder().encode(["name": name, "base_domain": "clearml.example.com", "api_url": api])
            .write(to: URL(filePath: path))
        return path
    }
}
