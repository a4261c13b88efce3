package import Workflow

/// `tenant.lookup`: reads a tenant from the registry.
package struct TenantLookup: CheckingStepKind {
    package let name = "tenant.lookup"
    package let summary =
        "Reads what the registry knows of a tenant: company, namespace, ports, charts and credentials."
    package let parameters = [
        Tenant.nameParameter,
        Parameter(
            "allow_missing", .boolean, default: false,
            "Gives the state `deleted` and nulls for a tenant that is not there, in place of an error."),
        Parameter(
            "states", .array(.oneOf("creating", "active", "suspended", "deleting", "deleted")), default: [],
            "Those that it may be in: every other one is an error. None: any."),
        Parameter(
            "company", .string, "The id that its company must have: an error where the registry has another, or none."),
        Parameter(
            "fixed", .map(.any), default: [:],
            "Settings that cannot be changed: an error where the tenant was brought to another value. Ones that the "
                + "registry does not know are passed over, and so are members of an object."),
        Parameter(
            "releases", .array(.string), default: [],
            "The only releases that it may have: an error where the registry has another. None: any."),
    ]
    package let outputs =
        [
            Parameter("state", .oneOf("creating", "active", "suspended", "deleting", "deleted"), "Its state."),
            Parameter("company", .string, "The id of its company; null where none is known."),
            Parameter("namespace", .string, "Its namespace; null where none is known."),
            Parameter("charts", .map(.string), "Versions of its charts, by release."),
            Parameter("settings", .map(.any), "The inputs that it was brought to."),
            Parameter("starting_port", .integer, "`startingPort` of its window of ports; null where it has none."),
            Parameter("max_services", .integer, "The size of the window; null where it has none."),
        ] + TenantCredentials.parameters

    private let registry: any TenantRegistry

    package init(_ registry: any TenantRegistry) {
        self.registry = registry
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let name = try input.string("tenant")
        let tenant = try await registry.tenant(name).flatMap { $0.exists ? $0 : nil }
        if tenant == nil, try !input.flag("allow_missing") {
            throw StepError(
                .permanent, "there is no such tenant", object: "tenant \(name)",
                remedy: "see 'runner tenant list'; one made by hand is taken in with 'runner tenant adopt \(name)'")
        }
        try Self.require(tenant, name, input)
        let window = try await registry.leases().first { $0.tenant == name }?.window
        var values: [String: Value] = [
            "state": .string((tenant?.state ?? .deleted).rawValue),
            "company": tenant?.company.map { .string($0) } ?? .null,
            "namespace": tenant?.namespace.map { .string($0) } ?? .null,
            "charts": .object((tenant?.charts ?? [:]).mapValues { .string($0) }),
            "settings": .object(tenant?.settings ?? [:]),
            "starting_port": window.map { .integer($0.startingPort) } ?? .null,
            "max_services": window.map { .integer($0.size) } ?? .null,
        ]
        let secrets = try tenant.map(registry.open) ?? [:]
        for parameter in TenantCredentials.parameters where secrets[parameter.name] == nil {
            values[parameter.name] = .null
        }
        return StepOutput(values, secrets: secrets)
    }

    /// Whether all that is known stays as it is: an adopted tenant's administrator is known by the address alone.
    private static func isKept(_ held: Value, by wanted: Value) -> Bool {
        guard let members = held.objectValue, let others = wanted.objectValue else { return held == wanted }
        return members.allSatisfy { isKept($0.value, by: others[$0.key] ?? .null) }
    }

    private static func require(_ tenant: Tenant?, _ name: String, _ input: StepInput) throws(StepError) {
        let state = (tenant?.state ?? .deleted).rawValue
        let states = try input.strings("states")
        guard states.isEmpty || states.contains(state) else {
            throw StepError(
                .conflict, "it is \(state), and has to be \(states.joined(separator: " or "))",
                object: "tenant \(name)",
                remedy: "see 'runner tenant show \(name)'")
        }
        if let company = try input.optionalString("company"), company != tenant?.company {
            throw StepError(
                .conflict, "its company is \(tenant?.company ?? "not known"), and not \(company)",
                object: "tenant \(name)", remedy: "see 'runner tenant show \(name)', and give that id")
        }
        let releases = try input.strings("releases")
        if let other = tenant?.charts.keys.sorted().first(where: { !releases.isEmpty && !releases.contains($0) }) {
            throw StepError(
                .permanent, "it has the release '\(other)' in place of \(releases.joined(separator: " or "))",
                object: "tenant \(name)",
                remedy:
                    "put one of that name in its place by hand, undo the adoption with 'runner rollback', and adopt it again"
            )
        }
        for (setting, wanted) in try input.object("fixed").sorted(by: { $0.key < $1.key }) {
            guard let held = tenant?.settings[setting], !isKept(held, by: wanted) else { continue }
            throw StepError(
                .permanent, "'\(setting)' is \(held.canonicalJSON) and cannot be changed to \(wanted.canonicalJSON)",
                object: "tenant \(name)", remedy: "set it back, or make another tenant")
        }
    }
}
