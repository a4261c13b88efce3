import Foundation

/// Who calls, and for whom: everything about a request that is settled before its body is read.
struct Directory: Sendable {
    let options: ServerOptions

    /// Takes the caller from the `Authorization` header, which every call carries: `Basic key:secret` or `Bearer token`.
    func caller(_ authorization: String?, in world: inout World, now: Date) throws(APIError) -> World.User {
        guard let authorization else { throw .missingCredentials }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { throw .badScheme }
        switch parts[0] {
        case "Basic":
            guard let data = Data(base64Encoded: String(parts[1])), let pair = String(data: data, encoding: .utf8),
                let colon = pair.firstIndex(of: ":")
            else { throw .malformedCredentials }
            let key = pair[..<colon]
            let secret = pair[pair.index(after: colon)...]
            guard let index = world.credentials.firstIndex(where: { $0.accessKey == key && $0.secretKey == secret }),
                let user = world.user(world.credentials[index].user), user.canSignIn
            else { throw .invalidCredentials }
            world.credentials[index].lastUsed = now
            return user
        case "Bearer":
            guard let id = world.tokens[String(parts[1])], let user = world.user(id), user.canSignIn else {
                throw .invalidToken
            }
            return user
        default:
            throw .badScheme
        }
    }

    /// Lets a caller be somebody else: with that one's role (`impersonate`), or keeping its own (`actAs`).
    func identity(
        of caller: World.User, impersonating: String?, actingAs: String?, at endpoint: Endpoint, in world: World
    ) throws(APIError) -> Call.Identity {
        if impersonating != nil, actingAs != nil {
            throw APIError(
                400, 5, "Invalid headers (only one allowed): headers=(X-Clearml-Impersonate-As, X-Clearml-Act-As)")
        }
        guard let target = impersonating ?? actingAs else { return Call.Identity(caller, role: caller.role) }
        guard Role.administrators.contains(caller.role) else {
            throw .impersonation("impersonation not allowed): role=\(caller.role)")
        }
        guard let user = world.user(target), user.company == caller.company || crossesCompanies(caller.role) else {
            throw .impersonation("unknown user): id=\(target), company=\(caller.company)")
        }
        let identity = Call.Identity(user, role: impersonating == nil ? caller.role : user.role)
        try endpoint.admit(identity.role)
        return identity
    }

    func crossesCompanies(_ role: Role) -> Bool {
        role == .root || (role == .system && options.systemCrossesCompanies)
    }
}

extension Call.Identity {
    init(_ user: World.User, role: Role) {
        self.init(user: user.id, company: user.company, role: role, isProtected: user.isProtected)
    }
}
