import Crypto
import Foundation

/// The SHA-256 of files, and the notes beside them that tell what they were made from.
enum FileDigest {
    /// Lower-case hex; nil where there is no such file.
    static func sha256(of path: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }  // Opened for reading only: nothing can be lost.
        var hash = SHA256()
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        return hex(hash.finalize())
    }

    static func sha256(of text: String) -> String { hex(SHA256.hash(data: Data(text.utf8))) }

    private static func hex(_ digest: SHA256.Digest) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The note at `path`; nil where there is none.
    static func note(at path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func write(_ note: String, to path: String) throws {
        try Data((note + "\n").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
