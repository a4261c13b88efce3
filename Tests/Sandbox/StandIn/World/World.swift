import Foundation

/// All that the server remembers.
struct World: Hashable, Codable, Sendable {
    struct Company: Hashable, Codable, Sendable {
        let id: String
        var name: String
        var active = true
        /// What `system.company_info` shows as `defaults`: features, limits.
        var settings: [String: JSON] = [:]
        /// The e-mail domains whose users may sign in.
        var domains: [String] = []
        var invited: [String] = []
        let created: Date
    }

    struct User: Hashable, Codable, Sendable {
        let id: String
        var name: String
        let company: String
        let email: String
        var role: Role
        var isInternal = false
        /// Made from the configuration; its credentials belong to that.
        var isProtected = false
        /// Whether the sign-in half is there, which holds the e-mail address and the credentials. `users.delete` leaves it.
        var canSignIn = true
        /// Whether the half is there that lists show.
        var isListed = true
        let created: Date
    }

    struct Credential: Hashable, Codable, Sendable {
        let accessKey: String
        let secretKey: String
        var label: String?
        let user: String
        let created: Date
        var lastUsed: Date?
    }

    struct Queue: Hashable, Codable, Sendable {
        let id: String
        let company: String
        var name: String
        var displayName: String?
        var tags: [String] = []
        var systemTags: [String] = []
        /// Tasks that wait in it.
        var entries: [String] = []
        let created: Date
    }

    struct Application: Hashable, Codable, Sendable {
        let id: String
        var name: String
        var version: String
        let company: String
        var uploads = 1
    }

    static let defaultCompany = "d1bd92a3b039400cbafc60a7a5b1e52b"

    var companies: [Company] = []
    var users: [User] = []
    var credentials: [Credential] = []
    var queues: [Queue] = []
    var applications: [Application] = []
    /// Tokens by what `auth.login` gave out, and the users they stand for.
    var tokens: [String: String] = [:]

    func company(_ id: String) -> Company? { companies.first { $0.id == id } }
    func user(_ id: String) -> User? { users.first { $0.id == id } }

    /// 32 hexadecimal digits, as the server names everything.
    static func newID() -> String {
        UUID().uuidString.replacing("-", with: "").lowercased()
    }
}
