import Foundation
import Glibc
import Testing

/// A real process, started as a shell would, with its output in files.
final class Program: Sendable {
    struct Result: Sendable {
        /// The exit status; a signal's number plus 128 where one ended it.
        var status: Int32
        var output: String
        var error: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    let pid: pid_t
    private let folder: String

    /// The program under test, which is built beside the tests.
    static let runner =
        ProcessInfo.processInfo.environment["RUNNER_TEST_BINARY"]
        ?? Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "runner").path ?? "runner"

    /// - Parameter environment: All variables that it gets.
    init(_ command: [String], environment: [String: String]) throws {
        folder = NSTemporaryDirectory() + "/program-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/out", O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/err", O_WRONLY | O_CREAT, 0o600)
        var pid = pid_t()
        let status = Self.withCStrings(command) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                posix_spawnp(&pid, command[0], &actions, nil, arguments, variables)
            }
        }
        try #require(status == 0, "\(command[0]) could not be started: \(String(cString: strerror(status)))")
        self.pid = pid
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// What it has written to standard output so far.
    var output: String { read("out") }
    var error: String { read("err") }

    /// Waits for the end, on a thread of its own.
    func result() async -> Result {
        let pid = pid
        let status = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(pid, &status, 0) == -1, errno == EINTR {}
                continuation.resume(returning: status)
            }
        }
        let signal = status & 0x7F
        return Result(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: read("out"), error: read("err"))
    }

    private func read(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
    }
}
