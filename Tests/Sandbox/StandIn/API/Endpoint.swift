/// One endpoint of the API: who may call it, what it takes, what it does.
struct Endpoint: Sendable {
    enum Access: Sendable {
        /// Needs no credentials.
        case anyone
        case everyUser
        case only([Role])
    }

    let name: String
    let access: Access
    /// The oldest API version that has it.
    let since: APIVersion
    let fields: [Field]
    let answer: @Sendable (inout World, Call) throws(APIError) -> JSON

    init(
        _ name: String, _ access: Access, since: APIVersion = APIVersion(1, 5), _ fields: [Field] = [],
        _ answer: @escaping @Sendable (inout World, Call) throws(APIError) -> JSON
    ) {
        self.name = name
        self.access = access
        self.since = since
        self.fields = fields
        self.answer = answer
    }

    /// Refuses a role that may not call this endpoint.
    func admit(_ role: Role) throws(APIError) {
        guard case .only(let roles) = access, !roles.contains(role) else { return }
        throw .role(role, allowed: roles)
    }

    /// Everything the server knows, by name. Newer endpoints are in here too: `since` keeps them from older servers.
    static let all: [String: Endpoint] = {
        let groups = [authentication, users, companies, tenants, queues, login, applications, diagnostics]
        return Dictionary(groups.joined().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }()
}
