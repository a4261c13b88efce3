import Foundation
import TestSupport
import Testing

extension TenantBench {
    /// What the changes of a tenant are about: on the server, in the cluster, in the registry.
    struct Look: Equatable {
        var company: String
        var settings: [String: String]
        var domains: [String]
        var queues: [String]
        var keys: [String]
        var image: String
        var replicas: String
        var registry: String
    }

    func look() async throws -> Look {
        let server = try await sandbox.serverState()
        let company = try #require(server.companies(named: name).first)
        #expect(server.companies(named: name).count == 1)
        let values = try await sandbox.helm("get", "values", "clearml-agent", "-n", name, "-o", "json")
        let agent = try JSONSerialization.jsonObject(with: Data(values.utf8)) as? [String: Any]
        let glue = agent?["agentk8sglue"] as? [String: Any]
        return Look(
            company: company.id, settings: company.settings.mapValues(\.text), domains: company.domains,
            queues: server.queues(of: company.id).map(\.name).sorted(),
            keys: server.credentials(of: company.id).map(\.accessKey).sorted(),
            image: glue?["defaultContainerImage"] as? String ?? "",
            replicas: try await sandbox.kubectl(
                "get", "deployment", "clearml-agent-clearml-enterprise-agent", "-n", name, "-o",
                "jsonpath={.spec.replicas}"),
            registry: try await home.query(
                "SELECT state, company, charts, settings, credentials FROM tenants WHERE name = '\(name)'"
            ).first ?? "")
    }

    /// A fleet of this tenant alone.
    ///
    /// - Returns: The path of its file.
    func fleet(_ changes: [String: any Sendable], without inputs: [String] = []) throws -> String {
        let given = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: self.inputs(changes))))
        var tenant = try #require(given as? [String: Any])
        for input in inputs { tenant[input] = nil }
        let path = "\(home.path)/fleet-\(UUID().uuidString).json"
        try JSONSerialization.data(withJSONObject: ["tenants": [name: tenant]]).write(to: URL(filePath: path))
        return path
    }
}
