import Foundation

extension Endpoint {
    /// `users.*`: the users that lists show, those of one company at a time.
    static let users: [Endpoint] = [
        Endpoint("users.get_current_user", .everyUser, [.optional("get_supported_features", .bool)]) {
            (world, call) throws(APIError) in
            guard let user = world.user(call.identity.user), let company = world.company(user.company) else {
                throw APIError(400, 301, "Invalid user id: user=\(call.identity.user)")
            }
            var shown: [String: JSON] = [
                "id": .string(user.id), "name": .string(user.name), "role": .string(call.identity.role.rawValue),
                "company": ["id": .string(company.id), "name": .string(company.name)],
            ]
            if call.bool("get_supported_features") == true {
                shown["features"] = company.settings["features"] ?? []
            }
            return ["user": .object(shown)]
        },
        Endpoint("users.get_all", .everyUser, listFields, list),
        Endpoint("users.get_all_ex", .everyUser, listFields + [.optional("include_auth", .bool)], list),
        Endpoint("users.delete", .only(Role.operators), [.required("user")]) { (world, call) throws(APIError) in
            let id = try call.required("user")
            guard let index = world.users.firstIndex(where: { $0.id == id && $0.isListed && !$0.isProtected }) else {
                throw APIError(400, 301, "Invalid user id: user=\(id)")
            }
            // The half that signs in stays, and keeps the e-mail address taken.
            world.users[index].isListed = false
            world.users.removeAll { !$0.canSignIn && !$0.isListed }
            return [:]
        },
    ]

    private static let listFields: [Field] = [
        .optional("id", .strings), .optional("name"), .optional("page", .int), .optional("page_size", .int),
    ]

    private static let list: @Sendable (inout World, Call) throws(APIError) -> JSON = { (world, call) throws(APIError) in
        let pattern = try Pattern(call.string("name"))
        let ids = call.strings("id")
        let found = world.users.filter {
            $0.isListed && $0.company == call.identity.company && (ids?.contains($0.id) ?? true)
                && pattern.matches($0.name)
        }
        return [
            "users": .array(
                call.page(of: found).map { user in
                    var shown: [String: JSON] = [
                        "id": .string(user.id), "name": .string(user.name), "company": .string(user.company),
                        "created": .string(user.created.formatted(.iso8601)),
                    ]
                    if call.bool("include_auth") == true {
                        shown["email"] = .string(user.email)
                        shown["role"] = .string(user.role.rawValue)
                    }
                    return .object(shown)
                })
        ]
    }
}
