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
            #expect(kills > 15, "\(kills) kills")
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

/// One tenant, `acme`, on the sandbox's cluster and the stand-in of the API, with no server installed beside it.
private struct TenantSite {
    let home: Home
    private static let secrets = ["RUNNER_SECRET_REDIS_PASSWORD": "shared-redis-pw-1"]

    init(_ home: Home) throws {
        self.home = home
    }

    var file: String { "\(home.path)/tenants.yaml" }

    /// Writes the file of the fleet.
    func want(_ inputs: String) throws {
        let variables = try home.sandbox.variables()
        let (api, charts) = (variables["SANDBOX_API_URL"] ?? "", variables["SANDBOX_CHARTS_URL"] ?? "")
        try home.write(
            "tenants.yaml",
            """
            defaults:
              base_domain: clearml.example.com
              api_url: \(api)
              internal_api_url: http://clearml-clearml-enterprise-apiserver.clearml:8008
              chart_versions: { agent: 6.8.1, gateway: 1.6.0 }
              repository: \(charts)
            tenants:
              acme:
                admin: { name: Ada, email: ada@acme.example.com }
                gateway_host: acme.clearml.example.com
            \(inputs.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
            """)
    }

    func run(_ arguments: String...) async throws -> Program.Result {
        try await home.start(arguments, with: Self.secrets).result()
    }

    func succeed(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws {
        let result = try await home.start(arguments, with: Self.secrets).result()
        try #require(
            result.status == 0, "runner \(arguments.joined(separator: " ")): \(result.text)", sourceLocation: location)
    }

    /// Kills the program, and all it has started, as soon as another step has begun, resumes the run, and so on to its end.
    ///
    /// - Returns: How often.
    func killInEveryStep(_ arguments: String...) async throws -> Int {
        let started = "SELECT count(*) FROM journal WHERE events LIKE '%\"start\"%'"
        var (arguments, kills) = (arguments, 0)
        var seen = try await home.query(started).first
        while true {
            let process = try home.start(arguments, with: Self.secrets)
            let watch = Task { [seen] in
                while try await home.query(started).first == seen { try await Task.sleep(for: .milliseconds(20)) }
                process.kill(children: true)
            }
            let result = await process.result()
            watch.cancel()
            guard result.status == 128 + SIGKILL else {
                try #require(result.status == 0, "\(result.text)")
                return kills
            }
            kills += 1
            seen = try await home.query(started).first
            arguments = ["resume", "last"]
        }
    }

    struct Look: Equatable {
        var company: Sandbox.Company
        var queues: [String]
        var keys: Int
        var agentImage: String
        /// As the registry has it.
        var registry: String
    }

    func look() async throws -> Look {
        let (companies, queues, keys) = try await home.sandbox.companies()
        let company = try #require(companies.first)
        #expect(companies.count == 1)
        let values = try await home.sandbox.helm("get", "values", "clearml-agent", "-n", "acme", "-o", "json")
        let agent = try JSONSerialization.jsonObject(with: Data(values.utf8)) as? [String: Any]
        let glue = agent?["agentk8sglue"] as? [String: Any]
        return Look(
            company: company, queues: (queues[company.id] ?? []).filter { $0 != "apps_default" },
            keys: keys[company.id] ?? 0, agentImage: glue?["defaultContainerImage"] as? String ?? "",
            registry: try await home.query(
                "SELECT state, company, charts, settings, credentials FROM tenants WHERE name = 'acme'"
            ).first ?? "")
    }

    /// As it was before all.
    func clear() async throws {
        try await home.sandbox.kubectl("delete", "namespace", "acme", "--timeout=120s")
        try await home.sandbox.resetStandIn()
    }
}
