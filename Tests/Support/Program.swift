package import Foundation
import Glibc

/// A real program, run as a user would.
package struct Program: Sendable {
    private let executable: String

    /// - Parameter name: Looked up in `PATH`, unless it is a path.
    package init(_ name: String) {
        executable = name
    }

    /// The path of the program under test, which is built beside the tests.
    package static let runnerPath =
        ProcessInfo.processInfo.environment["RUNNER_TEST_BINARY"]
        ?? Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "runner").path ?? "runner"

    package static let runner = Program(runnerPath)

    package struct Result: Sendable {
        /// The exit status; a signal's number plus 128 where one ended it.
        package var status: Int32
        /// Whether a signal ended it, and not the program itself.
        package var isKilled: Bool
        package var output: String
        package var error: String

        /// All that it said.
        package var text: String { output + error }
        package var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// - Parameters:
    ///   - environment: Variables for it.
    ///   - inherits: Whether it also gets those of the tests.
    package func run(
        _ arguments: [String], environment: [String: String] = [:], inherits: Bool = true
    ) async throws -> Result {
        try await start(arguments, environment: environment, inherits: inherits).result()
    }

    package func start(
        _ arguments: [String], environment: [String: String] = [:], inherits: Bool = true
    ) throws -> RunningProgram {
        let inherited = inherits ? ProcessInfo.processInfo.environment : [:]
        return try RunningProgram(executable, arguments, environment: inherited.merging(environment) { $1 })
    }
}

/// A program under way, with its output in files.
package final class RunningProgram: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let pid: pid_t
    private let folder: String

    init(_ executable: String, _ arguments: [String], environment: [String: String]) throws {
        folder = NSTemporaryDirectory() + "/program-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/out", O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/err", O_WRONLY | O_CREAT, 0o600)
        var pid = pid_t()
        let status = Self.withCStrings([executable] + arguments) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                posix_spawnp(&pid, executable, &actions, nil, arguments, variables)
            }
        }
        guard status == 0 else {
            throw Failure(description: "\(executable) could not be started: \(String(cString: strerror(status)))")
        }
        self.pid = pid
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    /// What it has written to standard output so far.
    package var output: String { read("out") }
    package var error: String { read("err") }

    /// Waits for the end, on a thread of its own.
    package func result() async -> Program.Result {
        let pid = pid
        let status = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(pid, &status, 0) == -1, errno == EINTR {}
                continuation.resume(returning: status)
            }
        }
        let signal = status & 0x7F
        return Program.Result(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, isKilled: signal != 0, output: output,
            error: error)
    }

    private func read(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
    }

    package func send(_ signal: Int32) { Glibc.kill(pid, signal) }

    /// Ends the process, and with `children` every process that descends from it, without any of them getting a word in.
    package func kill(children: Bool) {
        let victims = children ? ProcessWatch.descendants(of: pid) : []
        send(SIGKILL)
        for victim in victims { Glibc.kill(victim, SIGKILL) }
    }
}
