import TestSupport
import Testing
import Workflow

/// The stand-in of ClearML's API, and what its control shows and does.
final class StandInSite: Sendable {
    static let key = "SUPERVISORKEY"
    static let secret = "supervisor-s3cr3t/value+1"

    private let process: StandInProcess
    var url: String { process.url }

    /// - Parameter options: As `StandIn --help` lists them.
    init(_ options: String...) async throws {
        process = try await StandInProcess(
            users: #"{"supervisor": {"key": "\#(Self.key)", "secret": "\#(Self.secret)"}}"#, options)
    }

    /// What `/_sandbox/…` answers.
    @discardableResult
    func control(_ path: String, _ method: String = "GET", _ body: Value? = nil) async throws -> Value {
        let result = try await Program("curl").run(
            ["-sS", "--fail-with-body", "-X", method, "\(url)/_sandbox/\(path)"]
                + (body.map { ["-d", $0.canonicalJSON] } ?? []))
        try #require(result.status == 0, "\(method) \(path): \(result.text)")
        return try Value(json: result.output)
    }

    /// The companies of tenants, their users, the keys of those, and their queues.
    func made() async throws -> Made {
        let state = try await control("state")
        func all(_ name: String) -> [Value] { state[name]?.arrayValue ?? [] }
        let users = all("users").filter { $0["isProtected"] != true }
        let names = Set(users.compactMap { $0["id"]?.stringValue })
        return Made(
            companies: all("companies").filter {
                $0["active"] == true && $0["id"] != "d1bd92a3b039400cbafc60a7a5b1e52b"
            },
            users: users,
            keys: all("credentials").filter { names.contains($0["user"]?.stringValue ?? "") },
            queues: all("queues").filter { $0["company"] != "d1bd92a3b039400cbafc60a7a5b1e52b" })
    }

    struct Made {
        var companies: [Value]
        var users: [Value]
        var keys: [Value]
        var queues: [Value]

        var count: Int { companies.count + users.count + keys.count + queues.count }
    }
}

extension [Value] {
    /// One field of each, where it is a text.
    func texts(_ field: String) -> [String] { compactMap { $0[field]?.stringValue } }
}
