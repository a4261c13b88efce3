extension Endpoint {
    /// `login.*`: who may sign in to a company.
    static let login: [Endpoint] = [
        Endpoint("login.supported_modes", .anyone) { (_, _) throws(APIError) in
            ["basic": ["enabled": false, "guest": ["enabled": false]], "sso": [:], "sso_providers": [],
             "server_errors": ["missed_es_upgrade": false, "es_connection_error": false], "authenticated": false]
        },
        // Replaces the list. A domain that another company has too is accepted, as it is by the real server.
        Endpoint("login.set_domains", .only(Role.administrators), [.required("domains", .strings)]) {
            (world, call) throws(APIError) in
            let domains = call.strings("domains") ?? []
            for domain in domains where !Domain.isValid(domain) {
                throw APIError(400, 23, "Malformed domain: domain=\(domain)")
            }
            guard let index = world.companies.firstIndex(where: { $0.id == call.identity.company }) else {
                throw .invalidID("company=\(call.identity.company)")
            }
            world.companies[index].domains = domains
            return [:]
        },
        Endpoint("login.get_settings", .only(Role.administrators)) { (world, call) throws(APIError) in
            let company = try world.existing(call.identity.company)
            return [
                "domains": JSON(company.domains),
                "whitelist_entries": .array(company.invited.map { ["email": .string($0), "status": "pending"] }),
            ]
        },
        Endpoint(
            "login.add_whitelist_entries", .only(Role.administrators),
            [.required("emails", .strings), .optional("is_admin", .bool), .optional("role")]
        ) { (world, call) throws(APIError) in
            let emails = call.strings("emails") ?? []
            for email in emails { try Email.check(email) }
            guard let index = world.companies.firstIndex(where: { $0.id == call.identity.company }) else {
                throw .invalidID("company=\(call.identity.company)")
            }
            let added = emails.filter { !world.companies[index].invited.contains($0) }
            world.companies[index].invited += added
            return ["added": JSON(added)]
        },
        Endpoint("login.remove_whitelist_entries", .only(Role.administrators), [.required("emails", .strings)]) {
            (world, call) throws(APIError) in
            guard let index = world.companies.firstIndex(where: { $0.id == call.identity.company }) else {
                throw .invalidID("company=\(call.identity.company)")
            }
            let emails = call.strings("emails") ?? []
            let removed = world.companies[index].invited.filter { emails.contains($0) }
            world.companies[index].invited.removeAll { removed.contains($0) }
            return ["removed": JSON(removed)]
        },
    ]
}
