package import Workflow

/// `tenant.record`: what the registry knows of a tenant, and which state it is in.
///
/// A run that makes a tenant says so first and again when it is done, so that one that stopped half-way is seen.
package struct TenantRecord: StepKind {
    package let name = "tenant.record"
    package let summary = "Writes down a tenant in the registry: its state, company, namespace, charts and credentials."
    package let reverting = Reverting.automatic
    package let parameters = [
        Tenant.nameParameter,
        Parameter(
            "state", .oneOf("creating", "active", "suspended", "deleting", "deleted"),
            "Left out: the one that it is in, whichever that is. `creating` and `deleting` begin something, and leave a tenant that is further as it is; `deleted` also frees "
                + "its ports and forgets its credentials."),
        Parameter("company", .string, "The id of its company."), Parameter("namespace", .string, "Its namespace."),
        Parameter("charts", .map(.string), "Versions of its charts, by release; those not named are kept."),
        Parameter(
            "settings", .map(.any), exposed: true,
            "The inputs that it was brought to, such as `${{ inputs }}`; those not named are kept."),
        Parameter(
            "credentials", .object(TenantCredentials.parameters), secret: true,
            "Its access keys; those not named are kept."),
    ]
    package let outputs = [Parameter("state", .string, "The tenant's state now.")]

    private let registry: any TenantRegistry

    package init(_ registry: any TenantRegistry) {
        self.registry = registry
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try TenantWish(input)
        let tenant = try await registry.tenant(wish.tenant)
        guard try wish.isAllowed(for: tenant) else { return .present(Self.output(tenant)) }
        let known = try tenant.map(registry.open) ?? [:]
        var wanted = wish.applied(to: tenant, by: context.run, at: registry.now())
        wanted.sealedCredentials = tenant?.sealedCredentials
        let changes = wish.changes(from: tenant, to: wanted, knowing: known)
        if let tenant, changes.isEmpty { return .present(Self.output(tenant)) }
        let prior: Value = ["tenant": try tenant.map { try Value(encoding: $0) } ?? .null]
        return tenant?.exists ?? false ? .differs(changes, prior: prior) : .absent(prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try TenantWish(input)
        let (registry, now) = (registry, registry.now())
        let tenant = try await registry.change(wish.tenant) { tenant in
            guard try wish.isAllowed(for: tenant) else { return tenant }
            var wanted = wish.applied(to: tenant, by: context.run, at: now)
            guard wanted.exists else { return wanted }
            let known = try tenant.map(registry.open) ?? [:]
            let credentials = known.merging(wish.credentials) { $1 }
            if credentials != known { wanted.sealedCredentials = try registry.seal(credentials, of: wish.tenant) }
            return wanted
        }
        return Self.output(tenant)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let prior = prior?["tenant"] else { return [] }
        let name = try TenantWish(input).tenant
        let previous = prior.isNull ? nil : try prior.decoded(as: Tenant.self)
        let tenant = try await registry.change(name) { tenant in
            // What another run has written since is its own.
            tenant?.changedBy == context.run ? previous : tenant
        }
        guard tenant != previous else { return [] }
        return ["tenant \(name): the registry keeps what run \(tenant?.changedBy ?? "") has written since"]
    }

    private static func output(_ tenant: Tenant?) -> StepOutput {
        StepOutput(["state": .string((tenant?.state ?? .deleted).rawValue)])
    }
}

/// The access keys that a tenant has: agent and gateway have their own, so that each can be revoked alone.
package enum TenantCredentials {
    package static let parameters = [
        Parameter("agent_key", .string, secret: true, "Access key of the agent."),
        Parameter("agent_secret", .string, secret: true, "Its secret."),
        Parameter("gateway_key", .string, secret: true, "Access key of the application gateway."),
        Parameter("gateway_secret", .string, secret: true, "Its secret."),
    ]
}
