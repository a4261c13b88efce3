import Foundation
import GRDB
import GRDBSQLite

/// Writes the rows of a commit, with their hashes.
///
/// Nearly all the time that the engine spends on a journal goes in here, so rows do not become objects on their way:
/// their bytes are made in one buffer and handed to SQLite's own functions. All else goes through GRDB.
struct EntryWriter {
    /// What is known of the runs that are being driven, so that a row needs no look at the run table.
    private var runs: [RunID: (number: Int64, status: RunStatus)] = [:]
    /// Whose writes `runs` follows: under another lease, others may have written in between.
    private var epoch: Int?
    private var events: [UInt8] = []
    private var hashed: [UInt8] = []

    /// Adds entries within a transaction that has checked the lease.
    mutating func write(_ entries: [JournalBatch.Entry], under lease: Lease, _ database: Database) throws {
        guard !entries.isEmpty else { return }
        if epoch != lease.epoch { runs = [:] }
        epoch = lease.epoch
        var (sequence, hash) = try head(database)
        let insert = try RowStatement(
            "INSERT INTO journal(sequence, run, at, events, hash) VALUES (?, ?, ?, ?, ?)", database)
        let update = try RowStatement("UPDATE runs SET status = ?, updated = ? WHERE number = ?", database)
        for entry in entries {
            let at = entry.at.milliseconds
            let run = try known(entry, database)
            sequence += 1
            events.removeAll(keepingCapacity: true)
            try RunEvent.store(entry.events, to: &events)
            hash = HashChain.hash(
                after: hash, sequence: sequence, run: entry.run.rawValue, at: at, events: events, buffer: &hashed)
            insert.bind(1, sequence)
            insert.bind(2, Int(run.number))
            insert.bind(3, at)
            try insert.run(text: (4, events), blob: (5, hash))
            if run.status != entry.status {
                update.bind(1, text: entry.status.rawValue)
                update.bind(2, at)
                update.bind(3, Int(run.number))
                try update.run()
                runs[entry.run]?.status = entry.status
            }
            if entry.status.isSettled { runs[entry.run] = nil }
        }
    }

    /// The transaction failed: what it wrote is not there.
    mutating func forget() { epoch = nil }

    /// The last entry of all.
    private func head(_ database: Database) throws -> (sequence: Int, hash: [UInt8]) {
        let last = try database.cachedStatement(
            sql: "SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1")
        guard let row = try Row.fetchOne(last) else { return (0, Array(HashChain.origin)) }
        return (row["sequence"], Array(row["hash"] as Data))
    }

    /// The run's number and stored status; a run that begins with this entry gets its row first.
    private mutating func known(
        _ entry: JournalBatch.Entry, _ database: Database
    ) throws -> (number: Int64, status: RunStatus) {
        if let run = runs[entry.run] { return run }
        if case .created(let header)? = entry.events.first {
            try insert(entry, header, database)
            return remember(entry.run, (database.lastInsertedRowID, entry.status))
        }
        let find = try database.cachedStatement(sql: "SELECT number, status FROM runs WHERE id = ?")
        guard let row = try Row.fetchOne(find, arguments: [entry.run.rawValue]) else {
            throw JournalError(.misuse, "no run \(entry.run)", remedy: "report this as a fault of the runner")
        }
        guard let status = RunStatus(rawValue: row["status"]) else {
            throw JournalError(
                .damaged, "run \(entry.run) has the status '\(row["status"] as String)', which does not exist",
                remedy: "check the history with 'runner audit verify'")
        }
        return remember(entry.run, (row["number"], status))
    }

    private mutating func remember(
        _ name: RunID, _ run: (number: Int64, status: RunStatus)
    ) -> (number: Int64, status: RunStatus) {
        runs[name] = run
        return run
    }

    private func insert(_ entry: JournalBatch.Entry, _ header: RunHeader, _ database: Database) throws {
        let insert = try RowStatement(
            """
            INSERT INTO runs(id, workflow, version, bundle, status, created, updated, "group", parent)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, database)
        let at = entry.at.milliseconds
        insert.bind(1, text: entry.run.rawValue)
        insert.bind(2, text: header.workflow)
        insert.bind(3, header.version)
        insert.bind(4, text: header.bundle)
        insert.bind(5, text: entry.status.rawValue)
        insert.bind(6, at)
        insert.bind(7, at)
        insert.bind(8, text: header.group)
        insert.bind(9, text: header.parent?.run.rawValue)
        try insert.run()
    }
}

/// A prepared statement for many rows.
private struct RowStatement {
    private let statement: OpaquePointer
    private let database: Database

    init(_ sql: String, _ database: Database) throws {
        statement = try database.cachedStatement(sql: sql).sqliteStatement
        self.database = database
    }

    /// Runs it with what was bound before, and with two values that SQLite reads where they are: to copy them, as it
    /// else does, is a good part of what a row costs.
    func run(text: (index: Int32, bytes: [UInt8]), blob: (index: Int32, bytes: [UInt8])) throws {
        try text.bytes.withUnsafeBytes { textBytes in
            try blob.bytes.withUnsafeBytes { blobBytes in
                let start = textBytes.assumingMemoryBound(to: CChar.self).baseAddress
                sqlite3_bind_text(statement, text.index, start, Int32(textBytes.count), Self.lent)
                sqlite3_bind_blob(statement, blob.index, blobBytes.baseAddress, Int32(blobBytes.count), Self.lent)
                try run()
            }
        }
    }

    /// Runs it with what was bound before.
    func run() throws {
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        guard code != SQLITE_DONE else { return }
        throw DatabaseError(
            resultCode: ResultCode(rawValue: code),
            message: database.sqliteConnection.map { String(cString: sqlite3_errmsg($0)) })
    }

    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(statement, index, Int64(value)) }

    func bind(_ index: Int32, text: String?) {
        guard var text else {
            sqlite3_bind_null(statement, index)
            return
        }
        text.withUTF8 { bytes in
            let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            _ = sqlite3_bind_text(statement, index, start, Int32(bytes.count), Self.copied)
        }
    }

    /// `SQLITE_TRANSIENT`, a macro that Swift cannot read: SQLite copies the bytes at once.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
    /// `SQLITE_STATIC`: the bytes stay where they are for as long as SQLite reads them.
    private static var lent: sqlite3_destructor_type? { nil }
}
