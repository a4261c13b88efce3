import Foundation

extension Endpoint {
    /// `system.*` and `organization.*`: companies, which is what tenants are to the server.
    static let companies: [Endpoint] = [
        Endpoint("system.create_company", .only(Role.operators), [.required("name"), .optional("defaults", .object)]) {
            (world, call) throws(APIError) in
            var settings: [String: JSON] = [:]
            if case .object(let given)? = call.body["defaults"] { settings = given }
            let company = try world.addCompany(
                named: call.required("name"), settings: settings, unique: call.options.uniqueCompanyNames, now: call.now
            )
            let queue = World.Queue(
                id: World.newID(), company: company.id, name: "apps_default", systemTags: ["application"],
                created: call.now)
            world.queues.append(queue)
            return [
                "id": .string(company.id), "app_queues": [["id": .string(queue.id), "name": .string(queue.name)]],
            ]
        },
        Endpoint(
            "system.get_companies", .only(Role.operators),
            [.optional("name"), .optional("name_pattern"), .optional("custom_data", .object)]
        ) { (world, call) throws(APIError) in
            let pattern = try Pattern(call.string("name_pattern"))
            let name = call.string("name")?.lowercased()
            let found = world.companies.filter {
                (name == nil || $0.name.lowercased() == name) && pattern.matches($0.name)
            }
            return [
                "companies": .array(
                    found.map { ["id": .string($0.id), "name": .string($0.name), "active": .bool($0.active)] })
            ]
        },
        Endpoint("system.company_info", .only(Role.operators), [.optional("company")]) {
            (world, call) throws(APIError) in
            let company = try world.existing(call.string("company") ?? call.identity.company)
            return [
                "id": .string(company.id), "name": .string(company.name), "active": .bool(company.active),
                "defaults": .object(company.settings), "services": [:],
            ]
        },
        Endpoint("system.update_company_settings", .only(Role.operators), settingsFields) {
            (world, call) throws(APIError) in
            let id = try world.existing(call.required("company")).id
            guard let index = world.companies.firstIndex(where: { $0.id == id }) else { return ["updated": 0] }
            let before = world.companies[index].settings
            // A list replaces the one before it. What the real server does with lists is not published.
            for field in settingsFields where field.name != "company" {
                guard let value = call.body[field.name] else { continue }
                switch (value, call.options.nullSettings) {
                case (.null, .taken): world.companies[index].settings[field.name] = nil
                case (.null, .ignored): break
                case (.null, .refused): throw .validation(field.name, "value is wrong, expected another type")
                default: world.companies[index].settings[field.name] = value
                }
            }
            return ["updated": world.companies[index].settings == before ? 0 : 1]
        },
        Endpoint(
            "organization.update_company_name", .only(Role.administrators),
            [.optional("company"), .required("new_name")]
        ) { (world, call) throws(APIError) in
            let id = call.crossesCompanies ? call.string("company") ?? call.identity.company : call.identity.company
            guard let index = world.companies.firstIndex(where: { $0.id == id }) else {
                throw .invalidID("company=\(id)")
            }
            world.companies[index].name = try call.required("new_name")
            return ["updated": 1]
        },
    ]

    private static let settingsFields: [Field] = [
        .required("company"), .nullable("features", .strings), .nullable("exclude_features", .strings),
        .nullable("allowed_users", .int), .nullable("allowed_service_users", .int),
        .nullable("max_running_apps", .int), .nullable("feature_set", .choice(["basic", "advanced"])),
        .nullable("allow_service_user_admins", .bool), .nullable("admin_access_all_apps", .bool),
        .nullable("supported_application_ids", .strings), .nullable("supported_application_categories", .strings),
        .nullable("excluded_application_categories", .strings), .nullable("cookie_options", .object),
    ]
}

extension World {
    func existing(_ id: String) throws(APIError) -> Company {
        guard let company = company(id) else { throw .invalidID("company=\(id)") }
        return company
    }

    mutating func addCompany(
        named given: String, settings: [String: JSON], unique: Bool, now: Date
    ) throws(APIError) -> Company {
        let name = given.trimmingCharacters(in: .whitespaces)
        guard name.count >= 3 else { throw .data("name", "String value is too short") }
        // Which error the real server gives is not published; this is the one of its other unique names.
        guard !unique || !companies.contains(where: { $0.active && $0.name.lowercased() == name.lowercased() }) else {
            throw .exists("name=\(name)")
        }
        let company = Company(id: World.newID(), name: name, settings: settings, created: now)
        companies.append(company)
        return company
    }
}
