import Foundation

/// A request that has passed every check: for whom, with what, when.
struct Call: Sendable {
    /// Whose data the call is about: the user whose credentials came, or the one acted as.
    struct Identity: Hashable, Sendable {
        let user: String
        let company: String
        let role: Role
        /// A user made from the server's configuration, whose credentials nobody changes.
        let isProtected: Bool
    }

    let identity: Identity
    /// Whether the caller's company does not bound what it may see.
    let crossesCompanies: Bool
    let body: [String: JSON]
    let now: Date
    let options: ServerOptions

    func string(_ name: String) -> String? { body[name]?.string }
    func int(_ name: String) -> Int? { body[name]?.int }
    func bool(_ name: String) -> Bool? { body[name]?.bool }
    func strings(_ name: String) -> [String]? { body[name]?.strings }

    /// A member that the endpoint's fields have made sure of.
    func required(_ name: String) throws(APIError) -> String {
        guard let value = string(name) else { throw .validation(name, "field is required!") }
        return value
    }

    var timestamp: JSON { .string(now.formatted(.iso8601)) }
}

/// How this server behaves where servers differ.
struct ServerOptions: Sendable {
    var version = ServerVersion.release321
    /// Whether the role `system` may act for users of other companies. The open-source server lets only `root`.
    var systemCrossesCompanies = true
    /// `apiserver.company.unique_names`.
    var uniqueCompanyNames = true
    /// Most credentials a user may have; nil for any number.
    var maxCredentials: Int?
    /// What it does with a setting of a company that is null. What the real server does is not published.
    var nullSettings = NullSettings.taken

    enum NullSettings: String, Sendable, CaseIterable {
        /// The setting is taken away.
        case taken
        case ignored
        case refused
    }
}
