import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// Newer charts for a server with a tenant, and a tenant that another database does not know.
    @Suite struct UpgradeTests {
        /// What makes an install short: the upgrade does not touch the rest.
        static let small = """
            gpu: { enabled: false }
            applications: { enabled: false }
            """
        static let system = [
            "--secret", "supervisor_key=env:RUNNER_SECRET_SUPERVISOR_KEY",
            "--secret", "supervisor_secret=env:RUNNER_SECRET_SUPERVISOR_SECRET",
        ]

        @Test("server, agent and gateway go to newer charts with the values that they have, over kills, and back again")
        func upgradeAndBack() async throws {
            let sandbox = try Sandbox.require()
            let home = try Home(sandbox)
            let before = try await sandbox.inventory()
            try await sandbox.resetStandIn()
            let (small, tenant, upgrade, adopt) = try files(home, sandbox)
            try await home.succeed("run", "install", "-f", sandbox.inputs, "-f", small)
            let install = try await home.show().run
            try await home.succeed(
                ["tenant", "create", "acme", "-f", tenant] + Self.system
                    + ["--secret", "redis_password=kubernetes:redis-shared/redis-shared-auth/redis-password"])
            let create = try await home.show().run
            let values = try await sandbox.helm("get", "values", "clearml-agent", "-n", "acme")
            let former = try await charts(sandbox)
            try await neverHealthy(home, upgrade, sandbox)

            try await sandbox.answerLate()
            let toll = try await home.killAtEach(
                .forth, of: ["run", "upgrade", "-f", upgrade] + Self.system,
                short: ["tenants", "tenant[0].known", "tenant[0].record"])
            #expect(toll.struck.count >= 8, "\(toll)")
            let newer = [
                "clearml-enterprise-10.6.3", "clearml-enterprise-agent-6.8.2", "clearml-task-traffic-router-1.6.1",
            ]
            #expect(try await charts(sandbox).filter(newer.contains) == newer)
            #expect(try await sandbox.helm("get", "values", "clearml-agent", "-n", "acme") == values)
            let known = try await home.succeed("tenant", "show", "acme")
            #expect(known.contains("clearml-agent: 6.8.2") && known.contains(#"{"agent":"6.8.2","gateway":"1.6.1"}"#))
            let quiet = try await home.run(["plan", "upgrade", "-f", upgrade, "--exit-code"] + Self.system)
            #expect(quiet.status == 0, "\(quiet.text)")

            let back = try await home.killAtEach(.back, of: ["rollback", toll.run], short: ["tenant[0].record"])
            #expect(back.struck.count >= 3, "\(back)")
            #expect(try await charts(sandbox) == former)
            #expect(try await home.succeed("tenant", "show", "acme").contains("clearml-agent: 6.8.1"))

            try await adopts(adopt, sandbox)
            try await home.succeed("rollback", create)
            try await home.succeed("rollback", install)
            try await sandbox.clearLeftovers(try await sandbox.inventory().filter { !before.contains($0) })
        }

        /// A server whose new pods never get ready: the tenants are not touched, and it goes back to what it was.
        private func neverHealthy(_ home: Home, _ upgrade: String, _ sandbox: Sandbox) async throws {
            let former = try await charts(sandbox)
            let tenant = try await sandbox.helm("list", "-n", "acme", "-o", "json")
            let failed = try await home.run(
                ["run", "upgrade", "-f", upgrade, "-i", "patience=5s"] + Self.system
                    + ["-i", "values={server: {apiserver: {image: {repository: nobody/nothing}}}}"])
            #expect(failed.status == 1 && failed.text.contains("nobody/nothing"), "\(failed.text)")
            #expect(try await sandbox.helm("list", "-n", "acme", "-o", "json") == tenant)
            let values = try await sandbox.helm("get", "values", "clearml", "-n", "clearml")
            #expect(values.contains("nobody/nothing"))
            try await home.succeed("rollback", "last")
            #expect(try await charts(sandbox) == former)
            #expect(try await !sandbox.helm("get", "values", "clearml", "-n", "clearml").contains("nobody/nothing"))
            #expect(try await sandbox.helm("list", "-n", "acme", "-o", "json") == tenant)
        }

        @Test("a tenant's values of an upgrade stay its own; one that is suspended, or another run's, is left alone")
        func oneTenant() async throws {
            let bench = try await TenantBench.ready()
            let home = bench.home
            try await home.succeed("fleet", "apply", "-f", bench.fleet([:]))
            let keys = try await bench.sandbox.serverState().credentials.map(\.secretKey)
            let hunt = try SecretHunt(bench.sandbox.secrets() + keys)
            try home.recordHelm()
            let upgrading = try home.start(try bench.upgrade("6.8.2", image: "python:3.12"))
            let seen = Task { await ProcessWatch.arguments(under: upgrading.pid) }
            let upgraded = await upgrading.result()
            try #require(upgraded.status == 0, "\(upgraded.text)")
            let shown = await seen.value
            #expect(shown.count > 3 && hunt.found(in: shown.joined(separator: "\n")) == [])
            #expect(try home.helmArguments().contains("upgrade\n") && hunt.found(in: home.helmArguments()) == [])
            #expect(hunt.found(inFilesOf: home.path, besides: ["key"]) == [])

            #expect(try await bench.look().image == "python:3.12")
            try await home.succeed("drift")
            try await home.succeed("tenant", "update", "acme", "-i", "allowed_users=20")
            let changed = try await bench.look()
            #expect(changed.image == "python:3.12" && changed.settings["allowed_users"] == "20")
            #expect(changed.registry.contains(#""clearml-agent":"6.8.2""#), "\(changed.registry)")
            try await home.succeed("drift")

            // Somebody else's run is at work on it, if only by waiting.
            let deleting = try home.start(["tenant", "delete", "acme"])
            try await until("the deletion waits for its approval") {
                try await home.show().steps.contains { $0.id == "approve" && $0.status == "waiting" }
            }
            let deletion = try await home.show().run
            let refused = try await home.run(bench.upgrade("6.8.1", image: "python:3.13"))
            #expect(refused.status != 0 && refused.text.contains(deletion), "\(refused.text)")
            #expect(try await bench.look() == changed)
            try await home.succeed("cancel", deletion)
            _ = await deleting.result()

            try await home.succeed("tenant", "suspend", "acme")
            let suspended = try await bench.look()
            let passed = try await home.succeed(bench.upgrade("6.8.1", image: "python:3.13"))
            #expect(passed.contains("acme (passed over: suspended)"), "\(passed)")
            #expect(try await bench.look() == suspended && suspended.replicas == "0")
            #expect(try await bench.state() == "suspended")
            try await bench.clear()
        }

        /// Another database, which has never heard of the tenant.
        private func adopts(_ file: String, _ sandbox: Sandbox) async throws {
            let stranger = try Home(sandbox)
            let all = try await sandbox.inventory()
            let wrong = try await stranger.run(["tenant", "adopt", "Acme", "-f", file] + Self.system)
            #expect(wrong.status != 0)
            let toll = try await stranger.killAtEach(
                .forth, of: ["tenant", "adopt", "acme", "-f", file] + Self.system, short: ["record", "versions"])
            #expect(toll.struck.count >= 3, "\(toll)")
            let known = try await stranger.succeed("tenant", "show", "acme")
            #expect(known.contains("active") && known.contains("clearml-ttr: 1.6.0"))
            #expect(try await sandbox.inventory() == all, "an adoption changes nothing")
            try await stranger.succeed("rollback", toll.run)
            #expect(try await stranger.query("SELECT name FROM tenants WHERE state <> 'deleted'") == [])
            #expect(try await sandbox.inventory() == all, "nor does its rollback")
            try await sandbox.disarm()
        }

        /// The charts of all releases, in order.
        private func charts(_ sandbox: Sandbox) async throws -> [String] {
            struct Release: Decodable { var chart: String }
            let text = try await sandbox.helm("list", "-A", "-o", "json")
            return try JSONDecoder().decode([Release].self, from: Data(text.utf8)).map(\.chart).sorted()
        }

        private func files(
            _ home: Home, _ sandbox: Sandbox
        ) throws -> (small: String, tenant: String, upgrade: String, adopt: String) {
            let variables = try sandbox.variables()
            let server = """
                base_domain: clearml.example.com
                api_url: \(variables["SANDBOX_API_URL"] ?? "")

                """
            let repository = "repository: \(variables["SANDBOX_CHARTS_URL"] ?? "")\n"
            func write(_ name: String, _ text: String) throws -> String {
                let path = "\(home.path)/\(name).yaml"
                try Data(text.utf8).write(to: URL(filePath: path))
                return path
            }
            return (
                try write("small", Self.small),
                try write(
                    "tenant",
                    server + repository + """
                        admin: { name: Ada, email: ada@acme.example.com }
                        gateway_host: acme.clearml.example.com
                        internal_api_url: http://clearml-clearml-enterprise-apiserver.clearml:8008
                        chart_versions: { agent: 6.8.1, gateway: 1.6.0 }
                        queues: { default: {} }
                        """),
                try write(
                    "upgrade",
                    server + repository + "chart_versions: { server: 10.6.3, agent: 6.8.2, gateway: 1.6.1 }\n"),
                try write("adopt", server + "admin: { email: ada@acme.example.com }\n")
            )
        }
    }
}

extension TenantBench {
    /// The arguments that bring the tenant's agent to a version, and to another image of its tasks.
    fileprivate func upgrade(_ version: String, image: String) throws -> [String] {
        let inputs: [String: any Sendable] = [
            "name": name, "repository": try #require(try sandbox.variables()["SANDBOX_CHARTS_URL"]),
            "chart_versions": ["agent": version],
            "values": ["agent": ["agentk8sglue": ["defaultContainerImage": image]]],
        ]
        let path = "\(home.path)/upgrade-\(UUID().uuidString).json"
        try JSONSerialization.data(withJSONObject: inputs).write(to: URL(filePath: path))
        return ["run", "tenant-upgrade", "-f", path]
    }
}
