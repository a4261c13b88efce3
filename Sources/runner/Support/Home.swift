import ArgumentParser
import Foundation
import Workflow

/// Where the program keeps what it has to keep.
struct Home: Sendable {
    /// `$RUNNER_HOME`, else `$XDG_STATE_HOME/runner`, else `~/.local/state/runner`.
    let folder: String
    let database: String

    init(_ environment: [String: String], database: String?) {
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let state = given("XDG_STATE_HOME") ?? (given("HOME") ?? NSHomeDirectory()) + "/.local/state"
        folder = given("RUNNER_HOME") ?? state + "/runner"
        self.database = database ?? folder + "/runner.db"
    }

    /// What steps keep between runs, such as downloads.
    var dataDirectory: String { folder + "/data" }

    /// What seals secrets, with the key in the home; the first time that is made.
    func sealer() throws -> Sealer {
        if let key = try key() { return try Sealer(key: key) }
        try makeKey()
        guard let key = try key() else { throw CommandFailure(.inputOutput, "cannot read \(keyFile)") }
        return try Sealer(key: key)
    }

    /// 32 random bytes beside the database, never in it.
    var keyFile: String { folder + "/key" }

    private func key() throws -> Data? {
        guard let key = FileManager.default.contents(atPath: keyFile) else { return nil }
        let mode = try FileManager.default.attributesOfItem(atPath: keyFile)[.posixPermissions] as? Int ?? 0
        guard mode & 0o077 == 0 else {
            throw CommandFailure(
                .badData, "\(keyFile) can be read by others",
                fix: "chmod 600 \(keyFile), and rotate the secrets it guards")
        }
        return key
    }

    private func makeKey() throws {
        var random = SystemRandomNumberGenerator()
        let key = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                .inputOutput, "cannot make the folder \(folder): \(error.localizedDescription)",
                fix: "name another one with RUNNER_HOME")
        }
        // Another process may be as far: the first link to the final name wins, and is whole.
        let draft = keyFile + ".\(ProcessInfo.processInfo.processIdentifier)"
        guard FileManager.default.createFile(atPath: draft, contents: key, attributes: [.posixPermissions: 0o600])
        else {
            throw CommandFailure(
                .inputOutput, "cannot write \(draft)", fix: "check the folder's owner, and that the disk has room")
        }
        defer { try? FileManager.default.removeItem(atPath: draft) }
        if link(draft, keyFile) != 0, errno != EEXIST {
            throw CommandFailure(
                .inputOutput, "cannot write \(keyFile): \(String(cString: strerror(errno)))",
                fix: "check the folder's owner, or name another one with RUNNER_HOME")
        }
        // What is sealed under it must not outlive it.
        try DurableNames.sync(folder)
    }

    func journal() throws -> SQLiteJournal {
        do {
            return try SQLiteJournal(path: database)
        } catch let error as CocoaError {
            throw CommandFailure(
                .inputOutput, CommandFailure(explaining: error).description,
                fix: "name another database with --db, or another folder with RUNNER_HOME")
        }
    }
}

/// The option that every command on runs has.
struct DatabaseOption: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp("The database; without it, runner.db in the runner's home.", valueName: "file"),
        completion: .file(extensions: ["db"]))
    var database: String?

    var environment: [String: String] { ProcessInfo.processInfo.environment }

    func home() -> Home { Home(environment, database: database) }
}
