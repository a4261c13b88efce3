import Foundation
import TestSupport
import Testing

/// The stand-in of ClearML's API and of the chart repositories, as tests steer it.
extension Sandbox {
    /// What `/_sandbox/…` answers; with a body it is posted.
    @discardableResult
    private func control(_ path: String, _ method: String = "GET", _ body: String? = nil) async throws -> Data {
        let url = try #require(try variables()["SANDBOX_API_URL"])
        let result = try await Program("curl").run(
            ["-sS", "--fail-with-body", "-X", method, "\(url)/_sandbox/\(path)"] + (body.map { ["-d", $0] } ?? []))
        try #require(result.status == 0, "\(method) \(path): \(result.text)")
        return Data(result.output.utf8)
    }

    /// Something that will go wrong there.
    struct Fault: Codable {
        /// An endpoint's name or a path; `*` is any text.
        var endpoint: String
        /// `status`, `cut`, `garbage`, `lose-reply`, `delay`.
        var kind: String
        /// For `status`; 200 is a page that pretends to be the answer.
        var status: Int?
        var delayMilliseconds: Int?
        /// How often; nil: always.
        var count: Int? = 1
        /// How many requests pass first.
        var after: Int?
    }

    func arm(_ faults: [Fault]) async throws {
        for fault in faults {
            let text = String(decoding: try JSONEncoder().encode(fault), as: UTF8.self)
            try await control("faults", "POST", text)
        }
    }

    /// Every answer comes late, so that the server has often done what nobody was told of, and no step that asks it is over
    /// before a test sees it.
    func answerLate() async throws {
        try await arm([Fault(endpoint: "*.*", kind: "delay", delayMilliseconds: 200, count: nil)])
    }

    /// The faults that have not struck as often as they were to.
    func faultsLeft() async throws -> [String] {
        try JSONDecoder().decode([Fault].self, from: try await control("faults"))
            .filter { $0.count.map { $0 > 0 } ?? false }.map { "\($0.kind) of \($0.endpoint)" }
    }

    func disarm() async throws { try await control("faults", "DELETE") }

    /// Replaces the token of the chart repository, which is user and password in one.
    func renewChartsToken(_ token: String) async throws {
        try await control("reader", "POST", #"{"user": "\#(token)", "password": "\#(token)"}"#)
    }

    /// As newly started: no faults, no records, the first token, and nothing that was ever told to the API.
    func resetStandIn() async throws { try await control("reset", "POST") }

    /// Makes the server another release, such as `3.30`, with the same memory.
    func become(_ version: String) async throws { try await control("version", "POST", #"{"version": "\#(version)"}"#) }

    /// Does what an older server's jobs do that delete a company.
    func removeCompany(_ id: String) async throws { try await control("companies/\(id)/remove", "POST") }

    /// All that the API has been told and still knows.
    struct ServerState: Decodable {
        struct Company: Decodable {
            var id: String
            var name: String
            var active: Bool
            var settings: [String: Setting]
            var domains: [String]
        }

        struct User: Decodable {
            var id: String
            var company: String
            var email: String
            var isProtected: Bool
        }

        struct Credential: Decodable {
            var accessKey: String
            var secretKey: String
            var label: String?
            var user: String
        }

        struct Queue: Decodable {
            var id: String
            var company: String
            var name: String
            /// Those of applications belong to the server.
            var systemTags: [String]
        }

        /// As text, so that it can be compared.
        struct Setting: Decodable {
            var text: String

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Int.self) {
                    text = "\(number)"
                } else if let list = try? value.decode([String].self) {
                    text = list.joined(separator: ",")
                } else {
                    text = try value.decode(String.self)
                }
            }
        }

        var companies: [Company]
        var users: [User]
        var credentials: [Credential]
        var queues: [Queue]

        /// The companies of this name that are not deleted.
        func companies(named name: String) -> [Company] { companies.filter { $0.name == name && $0.active } }
        /// What a company has, whoever made it.
        func users(of company: String) -> [User] { users.filter { $0.company == company && !$0.isProtected } }
        func credentials(of company: String) -> [Credential] {
            let ids = Set(users(of: company).map(\.id))
            return credentials.filter { ids.contains($0.user) }
        }
        /// The queues that somebody has asked for.
        func queues(of company: String) -> [Queue] {
            queues.filter { $0.company == company && !$0.systemTags.contains("application") }
        }
    }

    func serverState() async throws -> ServerState {
        try JSONDecoder().decode(ServerState.self, from: try await control("state"))
    }

    /// The requests that came, by endpoint or path, oldest first.
    func requests() async throws -> [String] {
        struct Record: Decodable { var endpoint: String }
        return try JSONDecoder().decode([Record].self, from: try await control("calls")).map(\.endpoint)
    }

    /// The names of the applications that the API has been given, a name as often as it is there.
    func applications() async throws -> [String] {
        struct State: Decodable {
            struct Application: Decodable { var name: String }
            var applications: [Application]
        }
        return try JSONDecoder().decode(State.self, from: try await control("state")).applications.map(\.name).sorted()
    }
}
