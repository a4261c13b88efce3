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

            try await sandbox.answerLate()
            let toll = try await home.killAtEach(
                .forth, of: ["run", "upgrade", "-f", upgrade] + Self.system,
                short: ["tenants", "records[0]"])
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

            let back = try await home.killAtEach(.back, of: ["rollback", toll.run], short: ["records[0]"])
            #expect(back.struck.count >= 3, "\(back)")
            #expect(try await charts(sandbox) == former)
            #expect(try await home.succeed("tenant", "show", "acme").contains("clearml-agent: 6.8.1"))

            try await adopts(adopt, sandbox)
            try await home.succeed("rollback", create)
            try await home.succeed("rollback", install)
            try await sandbox.clearLeftovers(try await sandbox.inventory().filter { !before.contains($0) })
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
