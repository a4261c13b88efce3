import GRDB
package import Workflow

/// The registry in tables of its own in the journal's file.
///
/// It writes through the journal's one writer, so the two never wait for each other's locks; but a transaction of its own
/// is no part of the history, which the steps that ask for it are. The tables are made when they are first needed: a file
/// of an older runner needs no change, and an older runner does not see them.
package final class SQLiteTenantRegistry: TenantRegistry {
    /// The version of the tables; those of a later one are refused.
    private static let version = 1

    private let journal: SQLiteJournal
    private let sealer: @Sendable () throws -> Sealer
    private let time: any TimeSource
    private let isPrepared = Locked(false)

    /// - Parameter sealer: Asked for only where there is something to seal or to open.
    package init(journal: SQLiteJournal, sealer: @escaping @Sendable () throws -> Sealer, time: any TimeSource) {
        self.journal = journal
        self.sealer = sealer
        self.time = time
    }

    package func now() -> Timestamp { time.now() }

    package func tenants() async throws -> [Tenant] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM tenants ORDER BY name").map(Self.tenant)
        }
    }

    package func tenant(_ name: String) async throws -> Tenant? {
        try await read { database in try Self.fetch(name, database) }
    }

    package func leases() async throws -> [PortLease] {
        try await read { database in try Self.leases(database) }
    }

    package func change(
        _ name: String, _ decide: @escaping @Sendable (Tenant?) throws -> Tenant?
    ) async throws -> Tenant? {
        try await write { database in
            guard let tenant = try decide(try Self.fetch(name, database)) else {
                try database.execute(sql: "DELETE FROM tenants WHERE name = ?", arguments: [name])
                return nil
            }
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO tenants
                        (name, state, company, namespace, charts, settings, credentials, made_by, changed_by, created, changed)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    name, tenant.state.rawValue, tenant.company, tenant.namespace,
                    Value.object(tenant.charts.mapValues { .string($0) }).canonicalJSON,
                    Value.object(tenant.settings).canonicalJSON, tenant.sealedCredentials, tenant.madeBy,
                    tenant.changedBy, tenant.createdAt.milliseconds, tenant.changedAt.milliseconds,
                ])
            if !tenant.exists {
                try database.execute(sql: "DELETE FROM port_windows WHERE tenant = ?", arguments: [name])
            }
            return tenant
        }
    }

    package func changeLease(
        of tenant: String, _ decide: @escaping @Sendable (PortLease?, [PortLease]) throws -> PortLease?
    ) async throws -> PortLease? {
        try await write { database in
            let leases = try Self.leases(database)
            let others = leases.filter { $0.tenant != tenant }
            let lease = try decide(leases.first { $0.tenant == tenant }, others)
            if let lease, let other = others.first(where: { $0.window.ports.overlaps(lease.window.ports) }) {
                throw StepError(
                    .conflict, "the ports \(lease.window.text) overlap with \(other.window.text) of '\(other.tenant)'",
                    object: "tenant \(tenant)", remedy: "choose another 'starting_port', or leave it out")
            }
            try database.execute(sql: "DELETE FROM port_windows WHERE tenant = ?", arguments: [tenant])
            guard let lease else { return nil }
            try database.execute(
                sql: "INSERT INTO port_windows(tenant, starting_port, size, run, at) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    tenant, lease.window.startingPort, lease.window.size, lease.run, lease.at.milliseconds,
                ])
            return lease
        }
    }

    package func seal(_ credentials: [String: String], of tenant: String) throws -> String {
        try sealer().seal(credentials, context: Self.context(tenant))
    }

    package func open(_ tenant: Tenant) throws -> [String: String] {
        guard let sealed = tenant.sealedCredentials else { return [:] }
        return try sealer().open(sealed, context: Self.context(tenant.name))
    }

    /// What sealed credentials are bound to.
    private static func context(_ tenant: String) -> String { "tenant/\(tenant)" }

    // MARK: - Rows

    private static func fetch(_ name: String, _ database: Database) throws -> Tenant? {
        try Row.fetchOne(database, sql: "SELECT * FROM tenants WHERE name = ?", arguments: [name]).map(tenant)
    }

    private static func tenant(_ row: Row) throws -> Tenant {
        let (name, text): (String, String) = (row["name"], row["state"])
        guard let state = Tenant.State(rawValue: text) else {
            throw JournalError(
                .damaged, "tenant '\(name)' has the unknown state '\(text)'", remedy: "restore a backup of the database"
            )
        }
        var tenant = Tenant(
            name, state, by: row["made_by"], at: Timestamp(milliseconds: row["created"]))
        tenant.company = row["company"]
        tenant.namespace = row["namespace"]
        tenant.charts = try Value(json: row["charts"] as String).decoded(as: [String: String].self)
        tenant.settings = try Value(json: row["settings"] as String).objectValue ?? [:]
        tenant.sealedCredentials = row["credentials"]
        tenant.changedBy = row["changed_by"]
        tenant.changedAt = Timestamp(milliseconds: row["changed"])
        return tenant
    }

    private static func leases(_ database: Database) throws -> [PortLease] {
        try Row.fetchAll(database, sql: "SELECT * FROM port_windows ORDER BY starting_port").map { row in
            PortLease(
                tenant: row["tenant"], window: PortWindow(startingPort: row["starting_port"], size: row["size"]),
                run: row["run"], at: Timestamp(milliseconds: row["at"]))
        }
    }

    // MARK: - Transactions

    private func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await prepare()
        return try await Self.reporting { try await journal.read(body) }
    }

    private func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await prepare()
        return try await Self.reporting { try await journal.write(body) }
    }

    private func prepare() async throws {
        if isPrepared.with({ $0 }) { return }
        try await Self.reporting {
            try await journal.write { [path = journal.path] database in
                try database.execute(sql: Self.tables)
                let found = try Int.fetchOne(database, sql: "SELECT version FROM tenant_tables") ?? 0
                guard found <= Self.version else {
                    throw JournalError(
                        .newerVersion, "the tenants in \(path) were written by a newer runner",
                        remedy: "use the newer runner; nothing was changed")
                }
            }
        }
        isPrepared.with { $0 = true }
    }

    /// What keeps the registry from being used may pass by itself, where another process had the file for too long.
    private static func reporting<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as JournalError {
            throw StepError(
                error.code == .busy ? .transient : .permanent, error.message, object: "registry of tenants",
                remedy: error.remedy)
        }
    }

    private static let tables = """
        CREATE TABLE IF NOT EXISTS tenant_tables(
            only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL);
        INSERT OR IGNORE INTO tenant_tables VALUES (1, \(version));
        CREATE TABLE IF NOT EXISTS tenants(
            name TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            company TEXT,
            namespace TEXT,
            charts TEXT NOT NULL,
            settings TEXT NOT NULL,
            credentials TEXT,
            made_by TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            created INTEGER NOT NULL,
            changed INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS port_windows(
            tenant TEXT PRIMARY KEY,
            starting_port INTEGER NOT NULL UNIQUE,
            size INTEGER NOT NULL CHECK (size > 0),
            run TEXT NOT NULL,
            at INTEGER NOT NULL);
        """
}
