public import Foundation
import GRDB

extension SQLiteJournal {
    public func append(_ batch: JournalBatch, under lease: Lease) async throws {
        do {
            try transaction { database in try self.write(batch, under: lease, database) }
        } catch {
            entryWriter.with { $0.forget() }
            throw error
        }
    }

    private func write(_ batch: JournalBatch, under lease: Lease, _ database: Database) throws {
        try Self.check(lease, database)
        try entryWriter.with { try $0.write(batch.entries, under: lease, database) }
        for (request, answer) in batch.answers {
            let text = try Value(encoding: answer).canonicalJSON
            // The request goes: a start carries sealed secrets, and nothing reads it any more.
            try database.execute(
                sql: "UPDATE requests SET answer = ?, request = '' WHERE id = ?", arguments: [text, request])
        }
        for (hash, data) in batch.bundles { try Self.store(data, hash, database) }
        for (run, sealed) in batch.secrets {
            try database.execute(
                sql:
                    "INSERT INTO secrets(run, sealed) VALUES (?, ?) ON CONFLICT(run) DO UPDATE SET sealed = excluded.sealed",
                arguments: [run.rawValue, sealed])
        }
        for line in batch.output {
            try database.cachedStatement(
                sql: """
                    INSERT INTO output(run, step, attempt, at, stream, text)
                    SELECT number, ?, ?, ?, ?, ? FROM runs WHERE id = ?
                    """
            ).execute(arguments: [
                line.step, line.attempt, line.at.milliseconds, line.stream.rawValue, line.text, line.run.rawValue,
            ])
        }
    }

    public func runs(_ query: RunQuery) async throws -> [RunRecord] {
        try await read { database in
            var conditions: [String] = []
            var arguments: [(any DatabaseValueConvertible)?] = []
            func add(_ condition: String, _ argument: (any DatabaseValueConvertible)?...) {
                conditions.append(condition)
                arguments += argument
            }
            if let id = query.id { add("id = ?", id.rawValue) }
            if let ids = query.ids {
                // One argument, however many there are.
                let names = Value.array(ids.map { .string($0.rawValue) }).canonicalJSON
                add("id IN (SELECT value FROM json_each(?))", names)
            }
            if let prefix = query.prefix { add("substr(id, 1, ?) = ?", prefix.count, prefix) }
            if let workflow = query.workflow { add("workflow = ?", workflow) }
            if let group = query.group { add("\"group\" = ?", group) }
            if let statuses = query.statuses {
                conditions.append("status IN (\(statuses.map { _ in "?" }.joined(separator: ",")))")
                arguments += statuses.map(\.rawValue).sorted()
            }
            if !query.includesChildren, query.id == nil, query.prefix == nil { conditions.append("parent IS NULL") }
            let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            arguments.append(query.limit)
            let sql = "SELECT * FROM runs \(filter) ORDER BY number DESC LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: StatementArguments(arguments)).map(Self.record)
        }
    }

    public func highestName() async throws -> RunID? {
        try await read { database in
            try String.fetchOne(database, sql: "SELECT max(id) FROM runs").map { RunID($0) }
        }
    }

    static func record(_ row: Row) throws -> RunRecord {
        guard let status = RunStatus(rawValue: row["status"]) else {
            throw JournalError(
                .damaged,
                "run \(row["id"] as String) has the status '\(row["status"] as String)', which does not exist",
                remedy: "check the history with 'runner audit verify'")
        }
        return RunRecord(
            id: RunID(row["id"]), workflow: row["workflow"], version: row["version"], bundle: row["bundle"],
            status: status,
            createdAt: Timestamp(milliseconds: row["created"]), updatedAt: Timestamp(milliseconds: row["updated"]),
            group: row["group"], parent: (row["parent"] as String?).map(RunID.init))
    }

    public func entries(of run: RunID, after sequence: Int) async throws -> [JournalEntry] {
        try await read { database in
            let sql = """
                SELECT journal.sequence, journal.at, journal.events FROM journal JOIN runs ON runs.number = journal.run
                WHERE runs.id = ? AND journal.sequence > ? ORDER BY journal.sequence
                """
            return try Row.fetchAll(database, sql: sql, arguments: [run.rawValue, sequence]).map { row in
                try Self.entry(row, run: run)
            }
        }
    }

    static func entry(_ row: Row, run: RunID) throws -> JournalEntry {
        let sequence: Int = row["sequence"]
        do {
            let events = try StoredText.value(row["events"]).arrayValue ?? []
            return JournalEntry(
                sequence: sequence, run: run, at: Timestamp(milliseconds: row["at"]),
                events: try events.map { value throws(InvalidEvent) in try RunEvent(stored: value) })
        } catch {
            throw JournalError(
                .damaged, "entry \(sequence) of the journal cannot be read: \(error)",
                remedy: "check the history with 'runner audit verify', and restore a backup where it is not whole")
        }
    }

    public func sealedSecrets(of run: RunID) async throws -> String? {
        try await read { database in
            try String.fetchOne(database, sql: "SELECT sealed FROM secrets WHERE run = ?", arguments: [run.rawValue])
        }
    }

    public func store(bundle: Data, hash: String) async throws {
        try await write { database in try Self.store(bundle, hash, database) }
    }

    private static func store(_ bundle: Data, _ hash: String, _ database: Database) throws {
        try database.execute(sql: "INSERT OR IGNORE INTO bundles(hash, data) VALUES (?, ?)", arguments: [hash, bundle])
    }

    public func bundle(hash: String) async throws -> Data? {
        try await read { database in
            try Data.fetchOne(database, sql: "SELECT data FROM bundles WHERE hash = ?", arguments: [hash])
        }
    }

    public func output(of run: RunID, step: String?, after number: Int, limit: Int) async throws -> [OutputLine] {
        try await read { database in
            let sql = """
                SELECT output.* FROM output JOIN runs ON runs.number = output.run
                WHERE runs.id = ? AND (? IS NULL OR output.step = ? OR substr(output.step, 1, length(?) + 1) = ? || '[')
                    AND output.number > ?
                ORDER BY output.number LIMIT ?
                """
            let arguments: StatementArguments = [run.rawValue, step, step, step, step, number, limit]
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
                OutputLine(
                    number: row["number"], run: run, step: row["step"], attempt: row["attempt"],
                    at: Timestamp(milliseconds: row["at"]), stream: LogStream(rawValue: row["stream"]) ?? .note,
                    text: row["text"])
            }
        }
    }

    /// Whether an entry with this hash, in hex, is in the chain.
    public func contains(hash: String) async throws -> Bool {
        try await read { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM journal WHERE lower(hex(hash)) = lower(?))",
                arguments: [hash]) ?? false
        }
    }

    public func verify(
        _ fold: @escaping @Sendable (RunRecord, [JournalEntry]) throws -> RunStatus
    ) async throws -> ChainReport {
        try await read { database in try Self.verify(database, fold) }
    }

    private static func verify(
        _ database: Database, _ fold: (RunRecord, [JournalEntry]) throws -> RunStatus
    ) throws -> ChainReport {
        var faults: [String] = []
        if let fault = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)"), fault != "ok" {
            faults.append("the database file is damaged: \(fault)")
        }
        var head = (sequence: 0, hash: HashChain.origin)
        let names = try Row.fetchAll(database, sql: "SELECT number, id FROM runs")
        let runs = Dictionary(uniqueKeysWithValues: names.map { ($0["number"] as Int64, $0["id"] as String) })
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM journal ORDER BY sequence")
        while let row = try rows.next() {
            let sequence: Int = row["sequence"]
            if sequence != head.sequence + 1 {
                faults.append("\(sequence - head.sequence - 1) entries before entry \(sequence) are missing")
            }
            let expected = HashChain.hash(
                after: head.hash, sequence: sequence, run: runs[row["run"]] ?? "", at: row["at"], events: row["events"])
            let stored: Data = row["hash"]
            if stored != expected { faults.append("entry \(sequence) was changed, or an entry before it removed") }
            head = (sequence, stored)
        }
        for row in try Row.fetchAll(database, sql: "SELECT * FROM runs ORDER BY number") {
            let record = try Self.record(row)
            do {
                let entries = try Row.fetchAll(
                    database, sql: "SELECT * FROM journal WHERE run = ? ORDER BY sequence",
                    arguments: [row["number"] as Int64]
                ).map { try Self.entry($0, run: record.id) }
                let status = try fold(record, entries)
                if status != record.status {
                    faults.append(
                        "run \(record.id) is listed as \(record.status.rawValue), but its history says \(status.rawValue)"
                    )
                }
            } catch {
                faults.append("the history of run \(record.id) cannot be read: \(error)")
            }
        }
        return ChainReport(
            entries: head.sequence, runs: runs.count,
            head: head.hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(),
            faults: faults)
    }
}
