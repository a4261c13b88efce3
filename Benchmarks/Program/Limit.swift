import CLimit
import Workflow

/// What SQLite alone can do on this machine.
enum Limit {
    /// Writes the rows of a finished journal into a new one from C.
    ///
    /// - Returns: How many seconds it took.
    static func copy(_ from: String, to: String, rowsPerCommit: Int) throws -> Double {
        try SQLiteJournal(path: to).close()
        var result = climit_result()
        guard climit_copy(from, to, rowsPerCommit, &result) == 0 else {
            throw Failure("the limit could not be measured: \(withUnsafeBytes(of: result.message, text))")
        }
        return result.seconds
    }

    static var version: String { String(cString: climit_version()) }

    /// The size of the database at `path`, with what is still in its log only.
    static func databaseBytes(_ path: String) throws -> Int {
        let bytes = climit_bytes(path)
        guard bytes >= 0 else { throw Failure("\(path) cannot be read") }
        return bytes
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
