import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// The stand-in of ClearML's API, and what its control shows and does.
final class StandInServer: Sendable {
    static let supervisor = ClearMLCredentials(key: "SUPERVISORKEY", secret: "supervisor-s3cr3t-value")
    static let stranger = ClearMLCredentials(key: "STRANGERKEY", secret: "stranger-s3cr3t-value")

    var url: String { process.url }
    /// Calls the API as the supervisor does.
    let client: ClearMLClient
    private let process: StandInProcess
    private let http: HTTPClient

    /// - Parameter options: As `StandIn --help` lists them.
    init(_ options: String...) async throws {
        http = try HTTPClient(userAgent: "test")
        process = try await StandInProcess(
            users: """
                {"supervisor": {"key": "\(Self.supervisor.key)", "secret": "\(Self.supervisor.secret)"},
                 "stranger": {"key": "\(Self.stranger.key)", "secret": "\(Self.stranger.secret)", "role": "user"}}
                """, options)
        client = ClearMLClient(url: process.url, credentials: Self.supervisor, transport: try .forTests())
    }

    // MARK: - Control

    private func control(
        _ method: HTTPRequest.Method, _ path: String, _ body: Value? = nil
    ) async throws -> Value {
        let response = try await http.perform(
            HTTPRequest(method, "\(url)/_sandbox/\(path)", body: body.map { Data($0.canonicalJSON.utf8) }))
        try #require(response.status == 200, "\(path): \(response.text)")
        return try Value(json: response.body)
    }

    /// Lets something go wrong, as the stand-in's README describes.
    func fault(_ endpoint: String, _ kind: String, count: Int? = 1, _ more: [String: Value] = [:]) async throws {
        var fault = more.merging(["endpoint": .string(endpoint), "kind": .string(kind)]) { $1 }
        if let count { fault["count"] = .integer(count) }
        _ = try await control(.post, "faults", .object(fault))
    }

    func clearFaults() async throws { _ = try await control(.delete, "faults") }

    /// How often an endpoint was called.
    func calls(_ endpoint: String) async throws -> Int {
        try await control(.get, "calls/\(endpoint)").arrayValue?.count ?? 0
    }

    /// What the server remembers under a name, such as `companies`.
    func remembered(_ name: String) async throws -> [Value] {
        try await control(.get, "state")[name]?.arrayValue ?? []
    }

    /// The companies of tenants that are not deleted.
    func tenants() async throws -> [Value] {
        try await remembered("companies").filter {
            $0["id"] != "d1bd92a3b039400cbafc60a7a5b1e52b" && $0["active"] == true
        }
    }

    /// Users but those of the configuration.
    func people() async throws -> [Value] { try await remembered("users").filter { $0["isProtected"] != true } }
    /// Credentials but those of the configuration.
    func keys() async throws -> [Value] {
        try await remembered("credentials").filter { $0["user"]?.stringValue?.hasPrefix("__") == false }
    }

    // MARK: - Others

    /// A company that somebody else has made, with an administrator.
    func makeTenant(_ name: String = "acme", email: String = "ada@acme.org") async throws -> (String, user: String) {
        let company = try await client.change("system.create_company", ["name": .string(name)])
        let id = try #require(company.data["id"]?.stringValue)
        let user = try await client.change(
            "auth.create_user",
            ["name": "Ada", "company": .string(id), "email": .string(email), "role": "admin"])
        return (id, try #require(user.data["id"]?.stringValue))
    }
}
