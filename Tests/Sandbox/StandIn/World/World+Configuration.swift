import Foundation

/// A user that the server's configuration names, as `secure.credentials.<name>` does.
struct ConfiguredUser: Hashable, Codable, Sendable {
    let key: String
    let secret: String
    var role: Role?
}

extension World {
    /// Brings the users of the configuration up to date, as every start of the real server does: keys and secrets are
    /// what the configuration says, and users it names no more are gone.
    ///
    /// - Parameter users: By name; the user's identifier is `__name__`, its role `system` unless it says another.
    mutating func configure(_ configured: [String: ConfiguredUser], now: Date) {
        if company(Self.defaultCompany) == nil {
            companies.append(Company(id: Self.defaultCompany, name: "ClearML", created: now))
        }
        let gone = users.filter { $0.isProtected && configured[$0.name] == nil }.map(\.id)
        users.removeAll { gone.contains($0.id) }
        credentials.removeAll { gone.contains($0.user) }
        for (name, wanted) in configured {
            let id = "__\(name)__"
            users.removeAll { $0.id == id }
            credentials.removeAll { $0.user == id }
            users.append(
                User(
                    id: id, name: name, company: Self.defaultCompany, email: "\(name)@example.com",
                    role: wanted.role ?? .system, isProtected: true, created: now))
            credentials.append(
                Credential(accessKey: wanted.key, secretKey: wanted.secret, user: id, created: now))
        }
    }
}
