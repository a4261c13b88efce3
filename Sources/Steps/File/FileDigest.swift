import Crypto
import Foundation

/// The SHA-256 of files, and the notes beside them that tell what they were made from. All in lower-case hex.
enum FileDigest {
    /// Nil where there is no such file.
    ///
    /// - Throws: `CancellationError` too: a large file takes seconds.
    static func sha256(of path: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var hash = SHA256()
        try update(&hash, withFile: path)
        return hex(hash.finalize())
    }

    static func sha256(ofText text: String) -> String { hex(SHA256.hash(data: Data(text.utf8))) }

    /// Over the names and contents of everything in a folder; other things than files and folders count by their names.
    static func sha256(ofFolder path: String) throws -> String {
        var hash = SHA256()
        for name in try FileManager.default.subpathsOfDirectory(atPath: path).sorted() {
            let item = "\(path)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: item)
            let isFile = attributes[.type] as? FileAttributeType == .typeRegular
            let size = isFile ? attributes[.size] as? Int ?? 0 : -1
            // Sizes and zero bytes keep what is different from running into the same.
            hash.update(data: Data("\(name)\0\(size)\0".utf8))
            if isFile { try update(&hash, withFile: item) }
        }
        return hex(hash.finalize())
    }

    private static func update(_ hash: inout SHA256, withFile path: String) throws {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }  // Opened for reading only: nothing can be lost.
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            try Task.checkCancellation()
            hash.update(data: piece)
        }
    }

    private static func hex(_ digest: SHA256.Digest) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The note at `path`; nil where there is none that can be read.
    static func note(at path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func write(_ note: String, to path: String) throws {
        try Data((note + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    }
}
