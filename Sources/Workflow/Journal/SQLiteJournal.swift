import Foundation
package import GRDB

/// The journal in one SQLite file.
///
/// WAL with `synchronous=FULL`: a transaction that was acknowledged survives a power cut.
public final class SQLiteJournal: Journal {
    /// The version of the tables; a file of a later one is refused.
    package static let schemaVersion = 1
    /// "runr": tells our files from other SQLite files.
    private static let applicationID = 0x7275_6e72

    let pool: DatabasePool
    /// Used by the pool's one writer only.
    let entryWriter = Locked(EntryWriter())
    public let path: String

    /// Opens the file, or makes it (with its folder, both readable by their owner only).
    ///
    /// - Throws: `JournalError`: no access, damaged, another program's, or written by a newer version.
    public init(path: String) throws {
        self.path = path
        pool = try Self.mapped(path) {
            try Self.inspect(path)
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            if !FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            if !FileManager.default.fileExists(atPath: path) {
                // Before SQLite makes it with the umask's rights: a journal names tenants and their admins.
                // Where that fails, opening it says why.
                _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            configuration.maximumReaderCount = 4
            configuration.label = "journal"
            let pool = try DatabasePool(path: path, configuration: configuration)
            // GRDB sets NORMAL when it turns WAL on, under which a power cut loses acknowledged transactions.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            return pool
        }
        try mapped { try Self.prepare(self.pool, path) }
    }

    /// Closes the file; every call after it fails. Where no other process has it open, the log beside it is taken in and
    /// removed.
    public func close() throws {
        try mapped {
            try self.pool.close()
            // The connection that closes last takes the log in, but not one that may only read, as those of the pool.
            var configuration = Configuration()
            // Another process that closes the file at the same time locks it for a moment.
            configuration.busyMode = .timeout(10)
            let last = try DatabaseQueue(path: self.path, configuration: configuration)
            try last.read { database in _ = try Int.fetchOne(database, sql: "PRAGMA user_version") }
            try last.close()
        }
    }

    /// Looks at a file without changing it: opening one for writing turns it to WAL.
    private static func inspect(_ path: String) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if attributes?[.type] as? FileAttributeType == .typeDirectory {
            throw JournalError(.cannotOpen, "\(path) is a folder", remedy: "name a file with --db")
        }
        guard let size = attributes?[.size] as? Int, size > 0 else { return }
        let found: Contents
        do {
            found = try look(path, isWriting: false)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
            // A process ended while it made the file: SQLite has to undo its last transaction first.
            found = try look(path, isWriting: true)
        }
        if found.version > schemaVersion, found.application == applicationID {
            throw JournalError(
                .newerVersion,
                "\(path) was written by a newer runner (format \(found.version), this one knows \(schemaVersion))",
                remedy: "use the newer runner, or another file with --db; nothing was changed")
        }
        if found.tables > 0, found.application != applicationID {
            throw JournalError(
                .foreign, "\(path) is an SQLite file of another program",
                remedy: "name another file with --db; nothing was changed")
        }
    }

    private struct Contents {
        var version: Int
        var application: Int
        var tables: Int
    }

    private static func look(_ path: String, isWriting: Bool) throws -> Contents {
        var configuration = Configuration()
        configuration.readonly = !isWriting
        // Another process that closes the file locks it for a moment.
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let found = try queue.read { database in
            Contents(
                version: try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                application: try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                tables: try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0)
        }
        try queue.close()
        return found
    }

    private static func prepare(_ pool: DatabasePool, _ path: String) throws {
        func isPrepared(_ database: Database) throws -> Bool {
            try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0 >= schemaVersion
        }
        if try pool.read(isPrepared) { return }
        // SQLite syncs the names in the file's folder, but not the folder's own, which may be new as well.
        try DurableNames.sync(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        try pool.write { database in
            // Within the transaction once more: two processes may open a new file at the same time.
            if try isPrepared(database) { return }
            try database.execute(sql: Self.tables)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(schemaVersion)")
        }
    }

    private static let tables = """
        CREATE TABLE runs(
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            workflow TEXT NOT NULL,
            version INTEGER NOT NULL,
            bundle TEXT NOT NULL,
            status TEXT NOT NULL,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            "group" TEXT,
            parent TEXT);
        CREATE INDEX runs_status ON runs(status);
        CREATE TABLE journal(
            sequence INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs(number),
            at INTEGER NOT NULL,
            events TEXT NOT NULL,
            hash BLOB NOT NULL);
        CREATE INDEX journal_run ON journal(run);
        CREATE TABLE bundles(hash TEXT PRIMARY KEY, data BLOB NOT NULL);
        CREATE TABLE secrets(run TEXT PRIMARY KEY, sealed TEXT NOT NULL);
        CREATE TABLE output(
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL,
            step TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            at INTEGER NOT NULL,
            stream TEXT NOT NULL,
            text TEXT NOT NULL);
        CREATE INDEX output_run ON output(run);
        CREATE TABLE requests(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, request TEXT NOT NULL, answer TEXT);
        CREATE INDEX requests_open ON requests(id) WHERE answer IS NULL;
        CREATE TABLE lease(
            only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL, owner TEXT, expires INTEGER NOT NULL);
        INSERT INTO lease VALUES (1, 0, NULL, 0);
        """

    // MARK: - Errors

    func mapped<T>(_ body: () throws -> T) throws -> T { try Self.mapped(path, body) }

    // GRDB's own `async` functions give up where the task is cancelled. A stopping engine still has to write what it
    // knows, so these do not.

    /// A transaction on the caller's thread: for the engine's commits, which come one after the other and take about as
    /// long as the disk does. To hand them to another thread and wait for that would add to each of them.
    func transaction(_ body: (Database) throws -> Void) throws {
        try mapped {
            try pool.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    try body(database)
                    return .commit
                }
            }
        }
    }

    package func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await waiting { done in pool.asyncWrite(body) { _, result in done(result) } }
    }

    package func withoutTransaction<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await waiting { done in
            pool.asyncWriteWithoutTransaction { database in done(Result { try body(database) }) }
        }
    }

    package func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await waiting { done in
            pool.asyncRead { database in done(database.flatMap { d in Result { try body(d) } }) }
        }
    }

    private func waiting<T: Sendable>(
        _ start: (@escaping @Sendable (Result<T, any Error>) -> Void) -> Void
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            start { result in continuation.resume(with: result.mapError { Self.translate($0, self.path) }) }
        }
    }

    private static func mapped<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch { throw translate(error, path) }
    }

    /// Whether the file is there, and nothing can be put beside it.
    private static func isFixed(_ path: String) -> Bool {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return FileManager.default.fileExists(atPath: path) && !FileManager.default.isWritableFile(atPath: folder)
    }

    /// SQLite's result codes in the operator's words.
    private static func translate(_ error: any Error, _ path: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let detail = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        return switch error.resultCode {
        case .SQLITE_FULL:
            JournalError(
                .diskFull, "the disk is full: \(path) could not grow",
                remedy: "free some space, then 'runner resume' the run; all that was acknowledged is kept")
        case .SQLITE_READONLY, .SQLITE_PERM:
            JournalError(
                .readOnly, "\(path) cannot be written: \(detail)",
                remedy: "give this user write access to the file and its folder, or name another file with --db")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            JournalError(
                .damaged, "\(path) is damaged: \(detail)",
                remedy:
                    "keep a copy of the file, restore the last backup or try 'sqlite3 FILE .recover', and check the "
                    + "result with 'runner audit verify'")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            JournalError(
                .busy, "\(path) is locked by another process for too long",
                remedy: "see which process has it open (lsof), end a stuck one, and try again")
        case .SQLITE_CANTOPEN where isFixed(path):
            JournalError(
                .readOnly,
                "\(path) is in a place that cannot be written, and SQLite needs to keep its log beside the file",
                remedy:
                    "give this user write access to the folder; to look only, copy the file and name the copy with --db"
            )
        case .SQLITE_CANTOPEN:
            JournalError(
                .cannotOpen, "\(path) cannot be opened: \(detail)",
                remedy: "check that the folder exists and is yours, or name another file with --db")
        case .SQLITE_IOERR:
            JournalError(
                .inputOutput, "\(path) cannot be read or written: \(detail)",
                remedy: "check the disk (dmesg), then 'runner resume' the run; all that was acknowledged is kept")
        default: JournalError(.misuse, "\(path): \(detail)", remedy: "report this as a fault of the runner")
        }
    }
}
