package import Workflow

/// The tenants of this installation and the ports that they hold. Each call is one short transaction of its own.
package protocol TenantRegistry: Sendable {
    /// All tenants, deleted ones too, by name.
    func tenants() async throws -> [Tenant]
    func tenant(_ name: String) async throws -> Tenant?
    /// All leases of ports, lowest first.
    func leases() async throws -> [PortLease]

    /// Reads a tenant, decides and writes, with nothing in between. A tenant that is deleted loses its ports with that.
    ///
    /// - Parameter decide: Gets the tenant as it is, and gives it as it shall be; nil removes it.
    @discardableResult
    func change(_ name: String, _ decide: @escaping @Sendable (Tenant?) throws -> Tenant?) async throws -> Tenant?

    /// The same for a tenant's ports.
    ///
    /// - Parameter decide: Gets the tenant's lease and those of all others. Nil frees the tenant's.
    /// - Throws: Also where what was decided overlaps with another lease.
    @discardableResult
    func changeLease(
        of tenant: String, _ decide: @escaping @Sendable (PortLease?, _ others: [PortLease]) throws -> PortLease?
    ) async throws -> PortLease?

    /// Encrypts a tenant's credentials; only `open` for the same tenant reads them again.
    func seal(_ credentials: [String: String], of tenant: String) throws -> String
    func open(_ tenant: Tenant) throws -> [String: String]

    func now() -> Timestamp
}

/// Stands where there is no database: step kinds can be listed and checked, and not used.
package struct NoTenantRegistry: TenantRegistry {
    package init() {}

    private var absence: StepError {
        StepError(.permanent, "the registry of tenants is not open", remedy: "report this as a fault of the runner")
    }

    package func tenants() async throws -> [Tenant] { throw absence }
    package func tenant(_ name: String) async throws -> Tenant? { throw absence }
    package func leases() async throws -> [PortLease] { throw absence }
    package func change(_ name: String, _ decide: @Sendable (Tenant?) throws -> Tenant?) async throws -> Tenant? {
        throw absence
    }
    package func changeLease(
        of tenant: String, _ decide: @Sendable (PortLease?, [PortLease]) throws -> PortLease?
    ) async throws -> PortLease? {
        throw absence
    }
    package func seal(_ credentials: [String: String], of tenant: String) throws -> String { throw absence }
    package func open(_ tenant: Tenant) throws -> [String: String] { throw absence }
    package func now() -> Timestamp { Timestamp(milliseconds: 0) }
}
