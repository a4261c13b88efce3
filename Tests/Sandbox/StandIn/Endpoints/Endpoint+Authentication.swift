import Foundation

extension Endpoint {
    /// `auth.*`: signing in, users' sign-in halves and their credentials.
    static let authentication: [Endpoint] = [
        Endpoint("auth.login", .everyUser, [.optional("expiration_sec", .int), .optional("set_cookie", .bool)]) {
            (world, call) throws(APIError) in
            if let seconds = call.int("expiration_sec"), seconds > 31_536_000 {
                throw .validation("expiration_sec", "value is too large, the maximum is 31536000")
            }
            let token = [World.newID(), World.newID(), World.newID()].joined(separator: ".")
            world.tokens[token] = call.identity.user
            return ["token": .string(token)]
        },
        Endpoint("auth.logout", .everyUser) { (world, call) throws(APIError) in
            world.tokens = world.tokens.filter { $0.value != call.identity.user }
            return [:]
        },
        Endpoint(
            "auth.create_user", .only(Role.administrators),
            [
                .required("name"), .required("company"), .required("email"),
                .optional("role", .choice(Role.allCases.map(\.rawValue))), .optional("internal", .bool),
                .optional("given_name"), .optional("family_name"), .optional("avatar"),
            ]
        ) { (world, call) throws(APIError) in
            let company = try call.required("company")
            guard world.company(company) != nil else { throw .invalidID("company=\(company)") }
            guard call.crossesCompanies || company == call.identity.company else {
                throw APIError(400, 10, "Invalid object id (cannot create user in another company)")
            }
            let email = try call.required("email")
            try Email.check(email)
            guard !world.users.contains(where: { $0.email == email }) else { throw .exists("email=\(email)") }
            let user = World.User(
                id: World.newID(), name: try call.required("name"), company: company, email: email,
                role: call.string("role").flatMap(Role.init) ?? .user, isInternal: call.bool("internal") ?? false,
                created: call.now)
            world.users.append(user)
            return ["id": .string(user.id)]
        },
        Endpoint("auth.create_credentials", .everyUser, [.optional("label"), .optional("expiration_sec", .int)]) {
            (world, call) throws(APIError) in
            try call.refuseProtected()
            if let most = call.options.maxCredentials {
                guard world.credentials.count(where: { $0.user == call.identity.user }) < most else {
                    throw APIError(400, 12, "Validation error (maximum number of credentials reached): max=\(most)")
                }
            }
            let credential = world.addCredential(to: call.identity.user, label: call.string("label"), now: call.now)
            return ["credentials": credential.shownOnce]
        },
        Endpoint("auth.get_credentials", .everyUser) { (world, call) throws(APIError) in
            let own = world.credentials.filter { $0.user == call.identity.user }
            var answer: [String: JSON] = ["credentials": .array(own.map(\.shown))]
            if let most = call.options.maxCredentials { answer["max_credentials"] = .int(most) }
            return .object(answer)
        },
        Endpoint(
            "auth.edit_credentials", .everyUser, since: APIVersion(2, 19),
            [.required("access_key"), .optional("label")]
        ) { (world, call) throws(APIError) in
            let key = try call.required("access_key")
            guard let index = world.credentials.firstIndex(where: { $0.accessKey == key && $0.user == call.identity.user })
            else { throw APIError(400, 75, "Access key not found: access_key=\(key)") }
            world.credentials[index].label = call.string("label")
            return ["updated": 1]
        },
        Endpoint("auth.revoke_credentials", .everyUser, [.required("access_key")]) { (world, call) throws(APIError) in
            try call.refuseProtected()
            let key = try call.required("access_key")
            guard let index = world.credentials.firstIndex(where: { $0.accessKey == key && $0.user == call.identity.user })
            else {
                throw .invalidUser(
                    "(invalid user or invalid access key): user=\(call.identity.user), access_key=\(key)")
            }
            world.credentials.remove(at: index)
            return ["revoked": 1]
        },
        Endpoint("auth.locate_credentials", .only(Role.administrators), [.required("access_key")]) {
            (world, call) throws(APIError) in
            let key = try call.required("access_key")
            guard let credential = world.credentials.first(where: { $0.accessKey == key }),
                let user = world.user(credential.user)
            else { throw APIError(400, 75, "Access key not found: access_key=\(key)") }
            return ["user": .string(user.id), "name": .string(user.name), "label": JSON(credential.label)]
        },
        Endpoint(
            "auth.edit_user", .only(Role.administrators),
            [.required("user"), .optional("role", .choice(Role.allCases.map(\.rawValue)))]
        ) { (world, call) throws(APIError) in
            let id = try call.required("user")
            guard
                let index = world.users.firstIndex(where: {
                    $0.id == id && (call.crossesCompanies || $0.company == call.identity.company)
                })
            else { throw APIError(400, 301, "Invalid user id: user=\(id)") }
            guard let role = call.string("role").flatMap(Role.init) else { return ["updated": 0, "fields": [:]] }
            world.users[index].role = role
            return ["updated": 1, "fields": ["role": .string(role.rawValue)]]
        },
        Endpoint("auth.delete_user", .only(Role.administrators), [.required("user")]) { (world, call) throws(APIError) in
            let id = try call.required("user")
            guard let index = world.users.firstIndex(where: { $0.id == id }), !world.users[index].isProtected else {
                throw APIError(400, 301, "Invalid user id: user=\(id)")
            }
            let deleted = world.users[index].canSignIn
            world.users[index].canSignIn = false
            world.credentials.removeAll { $0.user == id }
            world.users.removeAll { !$0.canSignIn && !$0.isListed }
            return ["deleted": .bool(deleted)]
        },
        Endpoint(
            "auth.get_users_info", .only(Role.operators), [.optional("emails", .strings), .optional("users", .strings)]
        ) { (world, call) throws(APIError) in
            let emails = call.strings("emails") ?? []
            let ids = call.strings("users") ?? []
            let found = world.users.filter { $0.canSignIn && (emails.contains($0.email) || ids.contains($0.id)) }
            let shown = found.map { user -> (String, JSON) in
                let info: JSON = [
                    "id": .string(user.id), "email": .string(user.email), "role": .string(user.role.rawValue),
                    "created": .string(user.created.formatted(.iso8601)), "sec_groups": [],
                ]
                return (user.id, info)
            }
            return ["users": .object(Dictionary(shown, uniquingKeysWith: { first, _ in first }))]
        },
    ]
}

extension Call {
    /// Credentials of the configuration are changed there alone. Whoever forgets the header that names another user
    /// learns it here, and gets no key of the supervisor's.
    func refuseProtected() throws(APIError) {
        guard identity.isProtected else { return }
        throw APIError(400, 301, "Invalid user id (protected identity): user=\(identity.user)")
    }
}

extension World {
    /// A fresh pair: never the same twice, whatever the label.
    mutating func addCredential(to user: String, label: String?, now: Date) -> Credential {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        let key = String((0..<30).map { _ in letters[Int.random(in: letters.indices)] })
        let secret = World.newID() + World.newID()
        let credential = Credential(accessKey: key, secretKey: secret, label: label, user: user, created: now)
        credentials.append(credential)
        return credential
    }
}

extension World.Credential {
    /// With the secret: only as the answer to the call that made it.
    var shownOnce: JSON {
        ["access_key": .string(accessKey), "secret_key": .string(secretKey), "label": JSON(label)]
    }

    var shown: JSON {
        [
            "access_key": .string(accessKey), "label": JSON(label), "created": .string(created.formatted(.iso8601)),
            "last_used": JSON(lastUsed?.formatted(.iso8601)), "last_used_from": JSON(lastUsed.map { _ in "127.0.0.1" }),
        ]
    }
}
