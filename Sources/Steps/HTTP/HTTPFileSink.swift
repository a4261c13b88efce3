import Foundation
import SystemPackage

/// A file that has come in part, and the note beside it that tells of which version.
struct HTTPPartialFile: Sendable {
    let path: String
    private var note: String { path + ".validator" }

    init(path: String) {
        self.path = path
    }

    /// What a next request can go on from; nil: it has to start anew.
    var resumption: (offset: Int, validator: String)? {
        guard let validator = try? String(contentsOfFile: note, encoding: .utf8), !validator.isEmpty,
            let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let size = attributes[.size] as? Int, size > 0
        else { return nil }
        return (size, validator)
    }

    /// Makes the next request start anew.
    func forget() {
        // Not there, or not removable: in the latter case the file is refused when it is written again.
        try? FileManager.default.removeItem(atPath: note)
    }

    /// Empties the file and notes the version that will be written to it. Only a strong ETag can be resumed: parts under
    /// the same weak one, or the same date, may differ.
    func begin(etag: String?) throws -> FileDescriptor {
        if FileManager.default.fileExists(atPath: note) { try FileManager.default.removeItem(atPath: note) }
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        if let etag, etag.hasPrefix("\"") { try Data(etag.utf8).write(to: URL(filePath: note), options: .atomic) }
        return file
    }

    func resume() throws -> FileDescriptor {
        try FileDescriptor.open(path, .writeOnly, options: [.append, .closeOnExec])
    }
}

/// Writes the body of one reply to a file, if it is the body that was asked for.
///
/// Unchecked, because its state is not locked: it is made by the caller, then used by the loop's thread alone.
final class HTTPFileSink: @unchecked Sendable {
    enum Failure: Error {
        case tooLarge
    }

    private let partial: HTTPPartialFile
    private let offset: Int
    private let limitBytes: Int
    private let progress: @Sendable (HTTPProgress) -> Void
    private var file: FileDescriptor?
    private var written = 0
    private var total: Int?

    init(
        _ partial: HTTPPartialFile, offset: Int, limitBytes: Int, progress: @escaping @Sendable (HTTPProgress) -> Void
    ) {
        self.partial = partial
        self.offset = offset
        self.limitBytes = limitBytes
        self.progress = progress
    }

    deinit {
        // What has been written is in the file; there is nothing left for close to report that `finish` has not.
        try? file?.close()
    }

    /// Opens the file where the reply carries (the rest of) it.
    ///
    /// - Returns: Whether the body goes into the file; else it is the server's explanation.
    func begin(status: Int, headers: [HTTPHeader]) throws -> Bool {
        guard file == nil else { return true }
        let length = headers["Content-Length"].flatMap { Int($0) }
        switch status {
        case 200:
            written = 0
            total = length
            if let length, length > limitBytes { throw Failure.tooLarge }
            file = try partial.begin(etag: headers["ETag"])
        case 206:
            guard let range = HTTPContentRange(headers["Content-Range"]), range.start == offset else { return false }
            written = offset
            total = range.total
            if let total, total > limitBytes { throw Failure.tooLarge }
            file = try partial.resume()
        default:
            return false
        }
        return true
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard written + bytes.count <= limitBytes else { throw Failure.tooLarge }
        try file?.writeAll(bytes)
        written += bytes.count
        progress(HTTPProgress(bytes: written, total: total))
    }

    /// Brings the file to the disk.
    func finish() throws {
        guard let file else { return }
        self.file = nil
        defer { try? file.close() }
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}
