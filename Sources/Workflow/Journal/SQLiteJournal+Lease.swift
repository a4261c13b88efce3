import Foundation
import GRDB

extension SQLiteJournal {
    public func acquireLease(
        for owner: Owner, at now: Timestamp, lasting duration: Duration, isAlive: @Sendable (Owner) -> Bool?
    ) async throws -> Lease {
        let holder = try await read { database in try Self.leaseRow(database) }
        // Asked outside the transaction: it may look at processes.
        guard holder.isFree(for: owner, at: now, isAlive: isAlive) else { throw holder.refusal }
        let text = try Value(encoding: owner).canonicalJSON
        return try await write { database in
            let current = try Self.leaseRow(database)
            guard current.epoch == holder.epoch else { throw current.refusal }
            try database.execute(
                sql: "UPDATE lease SET epoch = epoch + 1, owner = ?, expires = ?",
                arguments: [text, (now + duration).milliseconds])
            return Lease(epoch: current.epoch + 1, owner: owner)
        }
    }

    public func renew(_ lease: Lease, at now: Timestamp, lasting duration: Duration) async throws {
        try await write { database in
            try Self.check(lease, database)
            try database.execute(sql: "UPDATE lease SET expires = ?", arguments: [(now + duration).milliseconds])
        }
    }

    public func release(_ lease: Lease) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE lease SET owner = NULL, expires = 0 WHERE epoch = ?", arguments: [lease.epoch])
        }
    }

    public func owner(at now: Timestamp) async throws -> Owner? {
        try await read { database in
            let row = try Self.leaseRow(database)
            return row.expires > now ? row.owner : nil
        }
    }

    static func check(_ lease: Lease, _ database: Database) throws {
        let epoch = try Int.fetchOne(database.cachedStatement(sql: "SELECT epoch FROM lease"))
        try lease.check(epoch: epoch)
    }

    private static func leaseRow(_ database: Database) throws -> Lease.Holder {
        guard let row = try Row.fetchOne(database, sql: "SELECT epoch, owner, expires FROM lease") else {
            throw JournalError(.damaged, "the lease table is empty", remedy: "restore the last backup")
        }
        let owner = try (row["owner"] as String?).map { try Value(json: $0).decoded(as: Owner.self) }
        return Lease.Holder(epoch: row["epoch"], owner: owner, expires: Timestamp(milliseconds: row["expires"]))
    }

    public func submit(_ request: EngineRequest, at now: Timestamp) async throws -> Int {
        let text = try Value(encoding: request).canonicalJSON
        return try await write { database in
            try database.execute(
                sql: "INSERT INTO requests(at, request) VALUES (?, ?)", arguments: [now.milliseconds, text])
            return Int(database.lastInsertedRowID)
        }
    }

    public func pendingRequests() async throws -> [(id: Int, request: EngineRequest?)] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT id, request FROM requests WHERE answer IS NULL ORDER BY id").map {
                row in
                (row["id"], try? Value(json: row["request"] as String).decoded(as: EngineRequest.self))
            }
        }
    }

    public func answer(to id: Int) async throws -> EngineAnswer? {
        try await read { database in
            let text = try String.fetchOne(database, sql: "SELECT answer FROM requests WHERE id = ?", arguments: [id])
            return try text.map { try Value(json: $0).decoded(as: EngineAnswer.self) }
        }
    }

    public func changeCounter() async throws -> Int {
        // `data_version` of one connection: the writer's, so that it sees what other processes have done.
        try await withoutTransaction { database in try Int.fetchOne(database, sql: "PRAGMA data_version") ?? 0 }
    }
}
