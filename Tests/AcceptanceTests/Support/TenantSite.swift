import Foundation
import TestSupport
import Testing

/// One tenant, `acme`, on the sandbox's cluster and the stand-in of the API, with no server installed beside it.
struct TenantSite {
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

    /// Kills the program, and all it has started, as soon as it sees that another step has begun,
    /// resumes the run, and so on to its end.
    ///
    /// - Returns: How often.
    func killInEveryStep(_ arguments: String...) async throws -> Int {
        // Each step once: one that is killed as soon as it has begun, again and again, gets nowhere.
        let started = """
            SELECT count(DISTINCT run || '.' || json_extract(event.value, '$[1]'))
            FROM journal, json_each(journal.events) AS event WHERE json_extract(event.value, '$[0]') = 'start'
            """
        var (arguments, kills) = (arguments, 0)
        var seen = try await home.query(started).first
        while true {
            let process = try home.start(arguments, with: Self.secrets)
            let watch = Task { [seen] in
                while try await home.query(started).first == seen { try await Task.sleep(for: .milliseconds(5)) }
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
        var agentReplicas: String
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
            agentReplicas: try await home.sandbox.kubectl(
                "get", "deployments", "-n", "acme", "-l", "app.kubernetes.io/instance=clearml-agent", "-o",
                "jsonpath={.items[*].spec.replicas}"),
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
