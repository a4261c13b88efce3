package import Workflow

/// A tenant as the registry knows it: what was made for it, and by which runs.
package struct Tenant: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable, CaseIterable {
        /// A run has begun to make it, and may have stopped half-way.
        case creating
        case active
        /// All of it is kept, and nobody can use it.
        case suspended
        case deleting
        /// Nothing is left but this memory of it.
        case deleted
    }

    package let name: String
    package var state: State
    /// The id of its company on the ClearML server.
    package var company: String?
    package var namespace: String?
    /// The versions of its charts, by release.
    package var charts: [String: String] = [:]
    /// The inputs that it was brought to, for later comparison. Never a secret.
    package var settings: [String: Value] = [:]
    /// Its access keys and their secrets, encrypted: see `TenantRegistry.open`.
    package var sealedCredentials: String?
    /// The run that made it, and the one that changed it last.
    package var madeBy: String
    package var changedBy: String
    package var createdAt: Timestamp
    package var changedAt: Timestamp

    package init(_ name: String, _ state: State, by run: String, at now: Timestamp) {
        self.name = name
        self.state = state
        madeBy = run
        changedBy = run
        createdAt = now
        changedAt = now
    }

    /// Whether there is anything of it in the world.
    package var exists: Bool { state != .deleted }

    /// What names a tenant: a DNS label, so that it can name a namespace too.
    package static let nameSchema = Schema.string(pattern: "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
    static let nameParameter = Parameter("tenant", nameSchema, required: true, "The tenant's name.")
}
