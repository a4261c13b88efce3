import Foundation
import TestSupport
import Testing

/// A sandbox for tests of tenants: a home of the program, a server that knows of nobody, and what a tenant may leave.
///
/// No install is needed: what a tenant wants of one is the server's API, which the stand-in gives, and names.
struct TenantBench: Sendable {
    let sandbox: Sandbox
    let home: Home
    let name: String

    /// - Parameter version: The server's: 3.21 has no call to delete a company, 3.30 has.
    static func ready(_ name: String = "acme", version: String = "3.30") async throws -> TenantBench {
        let sandbox = try Sandbox.require()
        try await sandbox.resetStandIn()
        try await sandbox.become(version)
        return TenantBench(sandbox: sandbox, home: try Home(sandbox), name: name)
    }

    /// Steps of the workflows for tenants that take no longer than the disk does: they look into the registry or write to it.
    static let short: Set<String> = [
        "known", "begin", "company_known", "done", "intended", "change.known", "change.begin", "change.company_known",
        "change.ports", "change.done",
    ]

    // MARK: - The program

    /// The path of an inputs file that fits every workflow for tenants of the sandbox.
    ///
    /// - Parameter changes: Inputs besides these, or in their place.
    func inputs(_ changes: [String: any Sendable] = [:]) throws -> String {
        let variables = try sandbox.variables()
        var all: [String: Any] = [
            "admin": ["name": "Ada", "email": "ada@\(name).example.com"],
            "email_domains": ["\(name).example.com"],
            "features": ["applications"], "allowed_users": 10,
            "gateway_host": "\(name).clearml.example.com",
            "base_domain": "clearml.example.com",
            "api_url": try #require(variables["SANDBOX_API_URL"]),
            "internal_api_url": "http://clearml-clearml-enterprise-apiserver.clearml:8008",
            "chart_versions": ["agent": "6.8.1", "gateway": "1.6.0"],
            "repository": try #require(variables["SANDBOX_CHARTS_URL"]),
            "ports": ["enabled": true, "count": 3, "address": "10.0.0.1"],
        ]
        all.merge(changes) { $1 }
        let path = "\(home.path)/tenant-\(UUID().uuidString).json"
        try JSONSerialization.data(withJSONObject: all).write(to: URL(filePath: path))
        return path
    }

    /// The arguments that make the tenant.
    func creation(_ changes: [String: any Sendable] = [:]) throws -> [String] {
        ["tenant", "create", name, "-f", try inputs(changes)]
    }

    /// Makes the tenant, and requires that it succeeds.
    func create(_ changes: [String: any Sendable] = [:]) async throws {
        let result = try await home.start(try creation(changes)).result()
        try #require(result.status == 0, "\(result.text)")
    }

    /// Takes a tenant away that a test has made and no longer needs.
    func clear() async throws {
        let releases = try await sandbox.helm("list", "-n", name, "-q").split(whereSeparator: \.isNewline)
        for release in releases { try await sandbox.helm("uninstall", "-n", name, String(release)) }
        try await sandbox.kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
    }

    // MARK: - The world

    /// All that a tenant can leave, a line each: in the cluster, on the server, in the registry.
    func world() async throws -> [String] {
        let state = try await sandbox.serverState()
        var lines = try await sandbox.inventory()
        for company in state.companies where company.active {
            lines.append("company \(company.name) \(company.id) \(company.domains)")
            lines += company.settings.map { "setting \(company.name) \($0)=\($1.text)" }
            lines += state.queues(of: company.id).map { "queue \(company.name)/\($0.name)" }
        }
        // Wherever they belong, and also of companies that are deleted.
        lines += state.users.map { "user \($0.email)" } + state.credentials.map { "key \($0.accessKey)" }
        if FileManager.default.fileExists(atPath: home.database),
            try await !home.query("SELECT name FROM sqlite_master WHERE name = 'tenants'").isEmpty
        {
            lines += try await home.query("SELECT 'tenant ' || name FROM tenants WHERE state <> 'deleted'")
            lines += try await home.query("SELECT 'ports ' || tenant || ' ' || starting_port FROM port_windows")
        }
        return lines.sorted()
    }

    /// The tenant's state in the registry; nil where it does not know it.
    func state() async throws -> String? {
        try await home.query("SELECT state FROM tenants WHERE name = '\(name)'").first
    }

    /// A key of a Secret in the tenant's namespace.
    func secret(_ secret: String, _ key: String) async throws -> String {
        struct Secret: Decodable { var data: [String: Data] }
        let text = try await sandbox.kubectl("get", "secret", secret, "-n", name, "-o", "json")
        let value = try JSONDecoder().decode(Secret.self, from: Data(text.utf8)).data[key]
        return String(decoding: try #require(value, "\(secret) has no \(key)"), as: UTF8.self)
    }

    /// The access keys that agent and gateway work with.
    func keysInUse() async throws -> (agent: String, gateway: String) {
        (
            try await secret("clearml-agent-clearml-enterprise-agent-ac", "agentk8sglue_key"),
            try await secret("clearml-ttr-clearml-task-traffic-router-ac", "apiserver_key")
        )
    }

    /// What must hold of a tenant that is whole, however often its runs were stopped: one of each, and in use.
    func check(queues: [String] = ["default"], location: SourceLocation = #_sourceLocation) async throws {
        let server = try await sandbox.serverState()
        let companies = server.companies(named: name)
        #expect(companies.count == 1, sourceLocation: location)
        let company = try #require(companies.first, sourceLocation: location)
        #expect(server.users(of: company.id).count == 1, sourceLocation: location)
        let keys = try await keysInUse()
        #expect(keys.agent != keys.gateway, sourceLocation: location)
        #expect(
            Set(server.credentials(of: company.id).map(\.accessKey)) == [keys.agent, keys.gateway],
            sourceLocation: location)
        #expect(server.credentials(of: company.id).count == 2, sourceLocation: location)
        #expect(server.queues(of: company.id).map(\.name).sorted() == queues.sorted(), sourceLocation: location)
        #expect(try await state() == "active", sourceLocation: location)
        let releases = try await sandbox.helm("list", "-n", name, "-q").split(whereSeparator: \.isNewline)
        #expect(releases == ["clearml-agent", "clearml-ttr"], sourceLocation: location)
        #expect(
            try await sandbox.helm("list", "-A", "--pending", "-q").isEmpty, sourceLocation: location)
        try await home.succeed("audit", "verify")
    }
}
