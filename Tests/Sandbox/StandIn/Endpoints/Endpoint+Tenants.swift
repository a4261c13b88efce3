import Foundation

extension Endpoint {
    /// `tenants.*`: a company with its administrators in one call. Newer servers alone have it.
    static let tenants: [Endpoint] = [
        Endpoint(
            "tenants.create_tenant", .only(Role.operators), since: APIVersion(2, 34),
            [
                .required("name"), .optional("admin_emails", .strings), .optional("domain"),
                .optional("max_users", .int), .optional("max_service_users", .int),
            ]
        ) { (world, call) throws(APIError) in
            let emails = call.strings("admin_emails") ?? []
            for email in emails {
                try Email.check(email)
                guard !world.users.contains(where: { $0.email == email }) else { throw .exists("email=\(email)") }
            }
            let company = try world.addCompany(
                named: call.required("name"), settings: [:], unique: call.options.uniqueCompanyNames, now: call.now)
            if let domain = call.string("domain"), let index = world.companies.firstIndex(where: { $0.id == company.id }) {
                world.companies[index].domains = [domain]
            }
            for email in emails {
                world.users.append(
                    World.User(
                        id: World.newID(), name: email, company: company.id, email: email, role: .admin, created: call.now))
            }
            let credential = world.addTenantCredential(company.id, now: call.now)
            return ["id": .string(company.id), "credentials": credential.shownOnce]
        },
        Endpoint(
            "tenants.add_tenant_admin_credentials", .only(Role.operators), since: APIVersion(2, 34), [.required("tenant")]
        ) { (world, call) throws(APIError) in
            let company = try world.existing(call.required("tenant"))
            return ["credentials": world.addTenantCredential(company.id, now: call.now).shownOnce]
        },
        Endpoint("tenants.get_tenants", .only(Role.operators), since: APIVersion(2, 34)) {
            (world, call) throws(APIError) in
            let shown = world.companies.filter(\.active).map { company -> JSON in
                let admins = world.users.filter { $0.company == company.id && $0.role == .admin && !$0.isInternal }
                return [
                    "id": .string(company.id), "name": .string(company.name),
                    "admin_emails": JSON(admins.map(\.email)),
                    "default_company": .bool(company.id == World.defaultCompany),
                ]
            }
            return ["tenants": .array(shown)]
        },
        Endpoint(
            "tenants.get_tenant_resources", .only(Role.operators), since: APIVersion(2, 34), [.required("tenant")]
        ) { (world, call) throws(APIError) in
            try world.resources(of: world.existing(call.required("tenant")).id)
        },
        Endpoint(
            "tenants.delete_tenant", .only(Role.operators), since: APIVersion(2, 34),
            [.required("tenant"), .required("name"), .optional("force", .bool)]
        ) { (world, call) throws(APIError) in
            let company = try world.existing(call.required("tenant"))
            guard company.id != World.defaultCompany, company.active, company.name == call.string("name") else {
                throw .invalidID("tenant=\(company.id), name=\(call.string("name") ?? "")")
            }
            let busy = world.queues.contains { $0.company == company.id && !$0.entries.isEmpty }
            guard !busy || call.bool("force") == true else {
                throw APIError(400, 12, "Validation error (tenant has running resources, use force=true): id=\(company.id)")
            }
            let snapshot = world.resources(of: company.id)
            if let index = world.companies.firstIndex(where: { $0.id == company.id }) {
                world.companies[index].active = false
            }
            return snapshot
        },
    ]
}

extension World {
    /// A key of the tenant's own administrator, made where it has none.
    mutating func addTenantCredential(_ company: String, now: Date) -> Credential {
        let name = "tenant-admin"
        if let user = users.first(where: { $0.company == company && $0.isInternal && $0.name == name }) {
            return addCredential(to: user.id, label: nil, now: now)
        }
        let user = User(
            id: World.newID(), name: name, company: company, email: "\(company)@tenant.internal", role: .admin,
            isInternal: true, created: now)
        users.append(user)
        return addCredential(to: user.id, label: nil, now: now)
    }

    func resources(of company: String) -> JSON {
        let waiting = queues.filter { $0.company == company }.map(\.entries.count).reduce(0, +)
        return [
            "running": [
                "tasks": .int(waiting), "app_tasks": 0, "pipeline_tasks": 0, "connected_workers": 0, "active_routes": 0,
            ],
            "totals": [
                "users": .int(users.count { $0.company == company && $0.isListed }),
                "queues": .int(queues.count { $0.company == company }),
            ],
        ]
    }
}
