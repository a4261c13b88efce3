import CLinux
import Foundation
import Glibc
import SystemPackage

/// A ZIP file, read by the `unzip` program.
///
/// A ZIP from elsewhere can name files outside of its directory ("zip slip"), carry symbolic links that lead out of it, or
/// unpack to any size. So its list of contents is judged before anything is written, `unzip` may not write a file beyond
/// the limit, whatever that list says, and what it wrote is looked at before it takes its place.
package struct ZipArchive: Sendable {
    /// The largest contents that are unpacked.
    package struct Limits: Hashable, Sendable {
        package var totalBytes: Int
        package var entries: Int

        package init(totalBytes: Int = 2 << 30, entries: Int = 100_000) {
            self.totalBytes = totalBytes
            self.entries = entries
        }
    }

    /// What the archive says about one of its members.
    package struct Entry: Hashable, Sendable {
        /// As it is in the archive; a directory's ends with `/`.
        package let name: String
        package let bytes: Int
        let type: Character
        let isEncrypted: Bool
    }

    private let path: String
    private let limits: Limits
    private let processes: any ProcessRunning

    /// - Parameter path: Of the archive.
    package init(path: String, limits: Limits = Limits(), processes: any ProcessRunning) {
        // An absolute path cannot be taken for an option.
        self.path = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        self.limits = limits
        self.processes = processes
    }

    /// The archive's contents, if it is safe to unpack.
    package func entries() async throws(ZipFailure) -> [Entry] {
        guard FileManager.default.fileExists(atPath: path) else { throw failure(.notFound, "there is no such file") }
        // One line an entry: no header, no totals, a time without spaces.
        let result = try await unzip(["-Z", "-sT-h-t", path], captureLimitBytes: 64 << 20)
        guard let bytes = result.output.bytes else { throw failure(.tooLarge, "its list of contents is too long") }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        if lines == ["Empty zipfile."] { return [] }
        guard lines.count <= limits.entries else {
            throw failure(.tooLarge, "it holds \(lines.count) entries; the limit is \(limits.entries)")
        }
        var total = 0
        var entries: [Entry] = []
        for line in lines {
            guard let entry = Entry(line) else {
                throw failure(.damaged, "its list of contents is not understood: \(line)")
            }
            if let reason = entry.danger { throw failure(.unsafe, "entry '\(entry.name)' \(reason)") }
            let (sum, overflow) = total.addingReportingOverflow(entry.bytes)
            guard !overflow, sum <= limits.totalBytes else {
                throw failure(.tooLarge, "it unpacks to more than \(limits.totalBytes) bytes")
            }
            total = sum
            entries.append(entry)
        }
        return entries
    }

    /// Unpacks everything into the directory `target`, which takes the place of what was there in one step.
    ///
    /// On any failure `target` is as it was. A `<target>.unpacking` that a killed runner left is removed.
    package func extract(to target: String) async throws(ZipFailure) {
        _ = try await entries()
        let staging = target + ".unpacking"
        do throws(ZipFailure) {
            try file("empty '\(staging)'") { try Self.remove(staging) }
            try file("make '\(staging)'") {
                try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
            }
            _ = try await unzip(["-o", "-qq", path, "-d", staging], fileSizeLimitBytes: limits.totalBytes)
            try inspect(staging)
            try swap(staging, into: target)
        } catch {
            try file("remove '\(staging)'") { try Self.remove(staging) }
            throw error
        }
    }

    /// Makes sure that only plain files and directories came out, of no more than the permitted size.
    private func inspect(_ directory: String) throws(ZipFailure) {
        var total = 0
        for name in FileManager.default.enumerator(atPath: directory)?.compactMap({ $0 as? String }) ?? [] {
            var status = stat()
            guard lstat("\(directory)/\(name)", &status) == 0 else {
                throw failure(.system, "cannot look at '\(name)': \(Errno(rawValue: errno).description)")
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: continue
            case S_IFREG: total += Int(status.st_size)
            default: throw failure(.unsafe, "'\(name)' came out as something that is neither file nor directory")
            }
        }
        guard total <= limits.totalBytes else {
            throw failure(.tooLarge, "it unpacks to more than \(limits.totalBytes) bytes")
        }
    }

    private func swap(_ staging: String, into target: String) throws(ZipFailure) {
        if rename(staging, target) == 0 { return }  // nothing there, or an empty directory
        guard clinux_exchange(staging, target) == 0 else {
            throw failure(.system, "cannot put it in place of '\(target)': \(Errno(rawValue: errno).description)")
        }
        try file("remove what was in '\(target)'") { try Self.remove(staging) }
    }

    private func unzip(
        _ arguments: [String], captureLimitBytes: Int = 1 << 20, fileSizeLimitBytes: Int? = nil
    ) async throws(ZipFailure) -> ProcessResult {
        let result: ProcessResult
        do throws(ProcessFailure) {
            // Names as UTF-8; no options from the environment. Without a terminal it cannot ask for a password.
            result = try await processes.run(
                ProcessRequest(
                    "unzip", arguments,
                    environment: [
                        "LC_ALL": "C.UTF-8", "UNZIP": nil, "UNZIPOPT": nil, "ZIPINFO": nil, "ZIPINFOOPT": nil,
                    ],
                    captureLimitBytes: captureLimitBytes, fileSizeLimitBytes: fileSizeLimitBytes))
        } catch {
            throw ZipFailure(.process(error), path: path, message: "\(error.executable) did not end its work")
        }
        let said = (result.error.text + result.output.text).split(whereSeparator: \.isNewline).suffix(4)
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
        // See "Diagnostics" in unzip(1).
        switch result.status {
        case .exited(0), .exited(1): return result  // 1: fine, with a warning
        case .exited(9): throw failure(.damaged, "it is not a ZIP file: \(said)")
        case .exited(12): throw failure(.unsafe, "its entries overlap, as in a ZIP bomb")
        case .exited(50): throw failure(.system, "the disk is full")
        case .exited(81), .exited(82): throw failure(.unsafe, "it needs a password or an unknown compression: \(said)")
        case .signalled(SIGXFSZ): throw failure(.tooLarge, "it unpacks to more than \(limits.totalBytes) bytes")
        case .exited(let code): throw failure(.damaged, "unzip ended with \(code): \(said)")
        case .signalled(let signal): throw failure(.system, "unzip was ended by signal \(signal)")
        }
    }

    private func failure(_ kind: ZipFailure.Kind, _ message: String) -> ZipFailure {
        ZipFailure(kind, path: path, message: message)
    }

    private func file(_ what: String, _ action: () throws -> Void) throws(ZipFailure) {
        do {
            try action()
        } catch {
            throw failure(.system, "cannot \(what): \(error.localizedDescription)")
        }
    }

    private static func remove(_ path: String) throws {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch CocoaError.fileNoSuchFile {
            return
        }
    }
}

extension ZipArchive.Entry {
    /// Reads a line such as `-rw-r--r--  3.0 unx        3 tx stor 20261123.025140 a b.txt`: everything before the name is
    /// separated by spaces, the name by exactly one.
    init?(_ line: Substring) {
        var rest = line
        var columns: [Substring] = []
        while columns.count < 7 {
            rest = rest.drop { $0 == " " }
            let column = rest.prefix { $0 != " " }
            guard !column.isEmpty else { return nil }
            columns.append(column)
            rest = rest.dropFirst(column.count)
        }
        guard rest.first == " ", rest.count > 1, let bytes = Int(columns[3]), bytes >= 0,
            let type = columns[0].first, let flag = columns[4].first
        else { return nil }
        self.init(name: String(rest.dropFirst()), bytes: bytes, type: type, isEncrypted: flag.isUppercase)
    }

    /// Why it must not be unpacked; nil if it may.
    var danger: String? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if name.hasPrefix("/") { return "has an absolute path" }
        if parts.contains("..") { return "leads out of its directory" }
        if name.contains("\\") { return "has a backslash in its name, which some programs take for a '/'" }
        if type == "l" { return "is a symbolic link" }
        // "?": made without Unix modes, hence a file.
        if !["-", "d", "?"].contains(type) { return "is neither file nor directory" }
        if isEncrypted { return "is encrypted" }
        return nil
    }
}
