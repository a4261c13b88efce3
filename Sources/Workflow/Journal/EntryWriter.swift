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
            try insert.run { row in
                row.bind(1, sequence)
                row.bind(2, Int(run.number))
                row.bind(3, at)
                row.bind(4, text: events)
                row.bind(5, blob: hash)
            }
            if run.status != entry.status {
                try update.run { row in
                    row.bind(1, text: entry.status.rawValue)
                    row.bind(2, at)
                    row.bind(3, Int(run.number))
                }
            }
            runs[entry.run] = entry.status.isSettled ? nil : (run.number, entry.status)
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
    private func known(_ entry: JournalBatch.Entry, _ database: Database) throws -> (number: Int64, status: RunStatus) {
        if let run = runs[entry.run] { return run }
        if case .created(let header)? = entry.events.first {
            try insert(entry, header, database)
            return (database.lastInsertedRowID, entry.status)
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
        return (row["number"], status)
    }

    private func insert(_ entry: JournalBatch.Entry, _ header: RunHeader, _ database: Database) throws {
        let insert = try RowStatement(
            """
            INSERT INTO runs(id, workflow, version, bundle, status, created, updated, "group", parent)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, database)
        let at = entry.at.milliseconds
        try insert.run { row in
            row.bind(1, text: entry.run.rawValue)
            row.bind(2, text: header.workflow)
            row.bind(3, header.version)
            row.bind(4, text: header.bundle)
            row.bind(5, text: entry.status.rawValue)
            row.bind(6, at)
            row.bind(7, at)
            row.bind(8, text: header.group)
            row.bind(9, text: header.parent?.run.rawValue)
        }
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

    /// - Parameter bind: Gives every parameter its value. The bytes of texts and blobs have to stay where they are until
    ///   this returns, which SQLite is told by copying them.
    func run(_ bind: (RowStatement) -> Void) throws {
        bind(self)
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
        text.withUTF8 { bind(index, text: UnsafeRawBufferPointer($0)) }
    }

    func bind(_ index: Int32, text: [UInt8]) { text.withUnsafeBytes { bind(index, text: $0) } }

    private func bind(_ index: Int32, text bytes: UnsafeRawBufferPointer) {
        let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress
        sqlite3_bind_text(statement, index, start, Int32(bytes.count), Self.copied)
    }

    func bind(_ index: Int32, blob: [UInt8]) {
        blob.withUnsafeBytes { _ = sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), Self.copied) }
    }

    /// `SQLITE_TRANSIENT`, a macro that Swift cannot read: SQLite copies the bytes at once.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
