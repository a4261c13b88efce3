package import Workflow

/// What tenants stand on: whether the rollback of a run would take it away under them.
package struct TenantGround: Sendable {
    private let run: RunID
    private let began: Timestamp
    private let isOfTenant: Bool

    /// - Parameters:
    ///   - run: The one that is to be undone; a sub-run's is the one that all began with.
    ///   - began: When it was made.
    ///   - isOfTenant: Whether it only works on one tenant.
    package init(run: RunID, began: Timestamp, isOfTenant: Bool) {
        self.run = run
        self.began = began
        self.isOfTenant = isOfTenant
    }

    /// The tenants that would be left without what they stand on.
    ///
    /// - A tenant that another run has made since this one began stands on what this one did. An older one stood before.
    /// - One that this run has made goes with it, as is asked for; but where a later run has changed it, that one's work
    ///   stands on this one's.
    package func dependents(among tenants: [Tenant]) -> [Tenant] {
        tenants.filter { tenant in
            guard tenant.exists else { return false }
            guard isOwn(tenant.madeBy) else { return !isOfTenant && tenant.createdAt >= began }
            return !isOwn(tenant.changedBy)
        }
    }

    private func isOwn(_ other: String) -> Bool { other == run.rawValue || other.hasPrefix("\(run.rawValue).") }
}
