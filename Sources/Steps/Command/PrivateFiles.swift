import Foundation
import Glibc
import SystemPackage

/// Files that hold secrets for as long as one program needs them: Helm values, a kubeconfig, a password file.
///
/// They lie in memory where the machine offers that (`$XDG_RUNTIME_DIR`, `/dev/shm`), else in the temporary directory; in a
/// 0700 directory, 0600 each, and are removed on every way out of ``withDirectory(_:)``. What a killed runner could not
/// remove, the next one does when it starts: each runner's directory carries a lock that ends with its process, so a
/// directory whose lock is free has no owner.
package struct PrivateFiles: Sendable {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let message: String

        package var description: String {
            "\(message)\n  fix: give the runner a private directory it can write to, in XDG_RUNTIME_DIR or TMPDIR"
        }
    }

    /// This runner's own directory, removed with the last copy of this value.
    private let home: Home

    /// - Parameter environment: Names the places to try: `XDG_RUNTIME_DIR`, then `/dev/shm`, then `TMPDIR` or `/tmp`.
    /// - Throws: ``Failure`` if none of them can hold a private directory.
    package init(environment: [String: String]) throws(Failure) {
        let bases = [environment["XDG_RUNTIME_DIR"], "/dev/shm", environment["TMPDIR"], "/tmp"]
            .compactMap { $0 }.filter { $0.hasPrefix("/") }
        var reasons: [String] = []
        for base in bases {
            do {
                home = try Home(root: "\(base)/runner-private-\(geteuid())")
                return
            } catch {
                reasons.append(error.message)
            }
        }
        throw Failure(message: "no place for private files: \(reasons.joined(separator: "; "))")
    }

    /// Gives `body` an empty private directory, and removes it with all its files when `body` returns or throws.
    package func withDirectory<Value: Sendable>(
        _ body: (PrivateDirectory) async throws -> Value
    ) async throws -> Value {
        let directory = try PrivateDirectory(in: home.path)
        do {
            let value = try await body(directory)
            try removeTree(directory.path)
            return value
        } catch {
            try removeTree(directory.path)
            throw error
        }
    }
}

/// A directory of ``PrivateFiles``, for the time of one call.
package struct PrivateDirectory: Sendable {
    /// Absolute.
    package let path: String

    fileprivate init(in home: String) throws(PrivateFiles.Failure) {
        path = try makeUniqueDirectory(home + "/XXXXXX")
    }

    /// Writes a file that only this user can read.
    ///
    /// - Parameter name: A plain file name, new in this directory.
    /// - Returns: The file's absolute path.
    package func write(_ contents: some Sequence<UInt8>, to name: String) throws(PrivateFiles.Failure) -> String {
        let path = "\(path)/\(name)"
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(contents) }
            return path
        } catch {
            throw PrivateFiles.Failure(message: "cannot write private file '\(path)': \(error)")
        }
    }

    package func write(_ contents: String, to name: String) throws(PrivateFiles.Failure) -> String {
        try write(contents.utf8, to: name)
    }
}

/// The directory of one runner process, locked while it lives.
private final class Home: Sendable {
    let path: String
    private let lock: FileDescriptor

    init(root: String) throws(PrivateFiles.Failure) {
        try Self.secure(root)
        // Held while directories come and go, so that nobody takes a directory for an orphan before it is locked.
        let gate = try Self.lock("\(root)/lock", wait: true)
        defer { Self.close(gate) }
        try Self.sweep(root)
        path = try makeUniqueDirectory("\(root)/home-XXXXXX")
        lock = try Self.lock("\(path)/lock", wait: true)
    }

    deinit {
        // A failure leaves an unlocked directory behind, which the next runner sweeps.
        try? removeTree(path)
        Self.close(lock)
    }

    /// Makes `root`, or makes sure that what is there is a directory of ours that nobody else can enter.
    private static func secure(_ root: String) throws(PrivateFiles.Failure) {
        var status = stat()
        if mkdir(root, 0o700) != 0, errno != EEXIST { throw failure("cannot make '\(root)'") }
        guard lstat(root, &status) == 0 else { throw failure("cannot look at '\(root)'") }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw PrivateFiles.Failure(message: "'\(root)' is not a directory that belongs to this user alone")
        }
    }

    /// Removes the directories of runners that have died.
    private static func sweep(_ root: String) throws(PrivateFiles.Failure) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: root)
        } catch {
            throw PrivateFiles.Failure(message: "cannot list '\(root)': \(error)")
        }
        for name in names where name.hasPrefix("home-") {
            let orphan = "\(root)/\(name)"
            guard let lock = try? lock("\(orphan)/lock", wait: false) else { continue }  // its owner lives
            defer { close(lock) }
            try removeTree(orphan)
        }
    }

    private static func lock(_ path: String, wait: Bool) throws(PrivateFiles.Failure) -> FileDescriptor {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("cannot open '\(path)'") }
        while flock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let failure = failure("cannot lock '\(path)'")
            close(FileDescriptor(rawValue: descriptor))
            throw failure
        }
        return FileDescriptor(rawValue: descriptor)
    }

    private static func close(_ file: FileDescriptor) {
        // Linux frees the descriptor whatever close answers, and nothing was written through it.
        _ = Glibc.close(file.rawValue)
    }
}

private func makeUniqueDirectory(_ template: String) throws(PrivateFiles.Failure) -> String {
    var name = Array(template.utf8CString)
    guard mkdtemp(&name) != nil else { throw failure("cannot make a directory '\(template)'") }  // 0700
    return template.dropLast(6)
        + String(decoding: name.dropLast().suffix(6).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Removes a directory and everything in it, without following symbolic links; fine if there is none.
private func removeTree(_ path: String) throws(PrivateFiles.Failure) {
    do {
        try FileManager.default.removeItem(atPath: path)
    } catch CocoaError.fileNoSuchFile {
        return
    } catch {
        throw PrivateFiles.Failure(message: "cannot remove '\(path)': \(error)")
    }
}

private func failure(_ what: String) -> PrivateFiles.Failure {
    PrivateFiles.Failure(message: "\(what): \(Errno(rawValue: errno).description)")
}
