import Workflow

/// What a `tenant.record` step wants the registry to say, and whether that fits what it says now.
struct TenantWish: Sendable {
    let tenant: String
    /// Nil: the one that it is in.
    let state: Tenant.State?
    let company: String?
    let namespace: String?
    let charts: [String: String]
    let settings: [String: Value]
    let credentials: [String: String]

    init(_ input: StepInput) throws(StepError) {
        tenant = try input.string("tenant")
        state = try input.optionalString("state").map { (text) throws(StepError) in
            guard let state = Tenant.State(rawValue: text) else {
                throw StepError(.permanent, "there is no such state of a tenant", object: "state")
            }
            return state
        }
        company = try input.optionalString("company")
        namespace = try input.optionalString("namespace")
        charts = try input.object("charts").compactMapValues(\.stringValue)
        settings = try input.object("settings")
        credentials = try input.object("credentials").compactMapValues(\.stringValue)
    }

    /// Whether there is something to write: a tenant that is further than the wish stays as it is.
    ///
    /// - Throws: Where the wish contradicts what the tenant is.
    func isAllowed(for current: Tenant?) throws(StepError) -> Bool {
        guard let state else {
            guard let current, current.exists else {
                throw refusal("it is not made", by: current, remedy: "make it first: runner tenant create \(tenant)")
            }
            return true
        }
        switch (state, current?.state) {
        case (.creating, .active), (.creating, .suspended): return false
        case (.deleting, nil), (.deleting, .deleted), (.deleted, nil), (.deleted, .deleted): return false
        case (.creating, .deleting), (.active, .deleting), (.suspended, .deleting):
            throw refusal("it is being deleted", by: current, remedy: "finish that run, then make the tenant anew")
        case (.suspended, nil), (.suspended, .deleted), (.suspended, .creating):
            throw refusal("it is not made", by: current, remedy: "make it first: runner tenant create \(tenant)")
        case (.creating, nil), (.creating, .creating), (.creating, .deleted), (.active, _), (.suspended, .active),
            (.suspended, .suspended), (.deleting, _), (.deleted, _):
            return true
        }
    }

    private func refusal(_ why: String, by current: Tenant?, remedy: String) -> StepError {
        let run = current.map { " (run \($0.changedBy))" } ?? ""
        return StepError(.conflict, "\(why)\(run)", object: "tenant \(tenant)", remedy: remedy)
    }

    /// The tenant as wanted, but for its credentials.
    func applied(to current: Tenant?, by run: String, at now: Timestamp) -> Tenant {
        var wanted = Tenant(tenant, state ?? .creating, by: run, at: now)
        // One that was deleted is no part of the one that is made after it.
        if let current, current.exists {
            wanted = current
            wanted.state = state ?? current.state
            wanted.changedBy = run
            wanted.changedAt = now
        }
        wanted.company = company ?? wanted.company
        wanted.namespace = namespace ?? wanted.namespace
        wanted.charts.merge(charts) { $1 }
        wanted.settings.merge(settings) { $1 }
        if !wanted.exists { wanted.sealedCredentials = nil }
        return wanted
    }

    /// - Parameter known: The tenant's credentials as they are now.
    func changes(from current: Tenant?, to wanted: Tenant, knowing known: [String: String]) -> [Change] {
        var changes: [Change] = []
        func compare(_ field: String, _ from: Value?, _ to: Value?) {
            if from != to { changes.append(Change("tenant \(tenant) \(field)", from: from, to: to)) }
        }
        let current = current.flatMap { $0.exists ? $0 : nil }
        compare("state", current.map { .string($0.state.rawValue) }, .string(wanted.state.rawValue))
        compare("company", current?.company.map { .string($0) }, wanted.company.map { .string($0) })
        compare("namespace", current?.namespace.map { .string($0) }, wanted.namespace.map { .string($0) })
        for release in wanted.charts.keys.sorted() {
            compare(
                "charts.\(release)", current?.charts[release].map { .string($0) },
                wanted.charts[release].map { .string($0) })
        }
        for key in wanted.settings.keys.sorted() {
            compare("settings.\(key)", current?.settings[key], wanted.settings[key])
        }
        for key in credentials.keys.sorted() where known[key] != credentials[key] && wanted.exists {
            changes.append(Change("tenant \(tenant) credentials.\(key)"))
        }
        // Another run goes on with what one left half-way.
        if state == .creating || state == .deleting, changes.isEmpty, current?.changedBy != wanted.changedBy {
            compare("run", current.map { .string($0.changedBy) }, .string(wanted.changedBy))
        }
        return changes
    }
}
