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

            try await createWatched(bench)
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

        /// Makes the tenant and sees that no secret is where somebody may read it who must not: the runner's files, what it
        /// says, and the arguments of programs.
        private func createWatched(_ bench: TenantBench) async throws {
            let home = bench.home
            try home.recordHelm()
            let creation = try home.start(try bench.creation())
            let seen = Task { await ProcessWatch.arguments(under: creation.pid) }
            // The credentials are made by then; the database and its log, as they are in the middle of a run.
            try await until("the agent is installed") {
                (try? home.helmArguments().contains("clearml-agent\n")) ?? false
            }
            let files = FileManager.default
            for name in try files.contentsOfDirectory(atPath: home.path) where name.hasPrefix("runner.db") {
                try files.copyItem(atPath: "\(home.path)/\(name)", toPath: "\(home.path)/early-\(name)")
            }
            #expect(files.fileExists(atPath: "\(home.path)/early-runner.db-wal"))
            let created = await creation.result()
            try #require(created.status == 0, "\(created.text)")
            let server = try await bench.sandbox.serverState()
            let company = try #require(server.companies(named: "acme").first)
            let made = server.credentials(of: company.id).map(\.secretKey)
            #expect(made.count == 2)
            let hunt = try SecretHunt(bench.sandbox.secrets() + made)
            #expect(hunt.found(inFilesOf: home.path, besides: ["key"]) == [])
            #expect(hunt.found(in: created.text) == [])
            let shown = await seen.value
            #expect(shown.count > 10 && hunt.found(in: shown.joined(separator: "\n")) == [])
            let helm = try home.helmArguments()
            #expect(helm.contains("upgrade\n") && hunt.found(in: helm) == [])
            for look in [
                ["show", "last"], ["show", "last", "--json"], ["logs", "last"], ["audit", "log", "last"],
                ["tenant", "show", "acme"],
            ] {
                let result = try await home.run(look)
                #expect(result.status == 0 && hunt.found(in: result.text) == [], "\(look)")
            }
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
            try await bench.sandbox.answerLate()
            let done = try await bench.home.killAtEach(
                .forth, of: bench.creation(), short: TenantBench.short, later: .milliseconds(400))
            #expect(done.begun.count >= 23 && done.struck.count >= 18, "\(done)")
            try await bench.check()
            let undone = try await bench.home.killAtEach(
                .back, of: ["rollback", done.run], short: TenantBench.short.union(["ports"]), later: .milliseconds(250),
                seed: 2)
            #expect(undone.begun.count >= 15 && undone.struck.count >= 12, "\(undone)")
            #expect(try await bench.world() == before)
            // Said one by one, whatever was there before.
            let server = try await bench.sandbox.serverState()
            #expect(server.companies(named: "acme").isEmpty)
            #expect(!server.users.contains { $0.email.contains("acme") })
            let former = server.companies.filter { $0.name == "acme" }
            #expect(!former.isEmpty && former.allSatisfy { server.queues(of: $0.id).isEmpty })
            #expect(server.credentials.filter { key in !server.users.contains { $0.id == key.user } }.isEmpty)
            #expect(try await bench.sandbox.helm("list", "-n", "acme", "-q").isEmpty)
            #expect(
                try await bench.sandbox.kubectl("get", "namespace", "acme", "--ignore-not-found", "-o", "name").isEmpty)
            #expect(try await bench.home.query("SELECT * FROM port_windows") == [])
            #expect(try await bench.home.query("SELECT name FROM tenants WHERE state <> 'deleted'") == [])
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
