import Foundation
import Glibc
import Testing

/// A real program, run as a user would.
struct Program: Sendable {
    let executable: String

    /// - Parameter name: Looked up in `PATH`, unless it is a path.
    init(_ name: String) {
        executable = name
    }

    /// The program under test, which is built beside the tests.
    static let runner = Program(
        ProcessInfo.processInfo.environment["RUNNER_TEST_BINARY"]
            ?? Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "runner").path ?? "runner")

    struct Result: Sendable {
        /// The exit status; a signal's number plus 128 where one ended it.
        var status: Int32
        var output: String
        var error: String

        /// All that it said.
        var text: String { output + error }
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
        try await start(arguments, environment: environment).result()
    }

    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningProgram {
        try RunningProgram(executable, arguments, environment: environment)
    }
}

/// A program under way, with its output in files.
final class RunningProgram: Sendable {
    let pid: pid_t
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
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var pid = pid_t()
        let status = Self.withCStrings([executable] + arguments) { arguments in
            Self.withCStrings(variables) { variables in
                posix_spawnp(&pid, executable, &actions, nil, arguments, variables)
            }
        }
        try #require(status == 0, "\(executable) could not be started: \(String(cString: strerror(status)))")
        self.pid = pid
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    /// Waits for the end, on a thread of its own.
    func result() async throws -> Program.Result {
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
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: try read("out"), error: try read("err"))
    }

    private func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/\(name)")), as: UTF8.self)
    }

    /// Ends the process, and with `children` every process that descends from it, without any of them getting a word in.
    func kill(children: Bool) {
        let victims = children ? Self.descendants(of: pid) : []
        Glibc.kill(pid, SIGKILL)
        for victim in victims { Glibc.kill(victim, SIGKILL) }
    }

    /// Processes whose chain of parents leads to `ancestor`.
    static func descendants(of ancestor: pid_t) -> [pid_t] {
        var parents: [pid_t: pid_t] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = pid_t(name), let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let end = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            if fields.count > 1, let parent = pid_t(fields[1]) { parents[pid] = parent }
        }
        var found: Set<pid_t> = [ancestor]
        var grew = true
        while grew {
            let more = parents.filter { found.contains($0.value) && !found.contains($0.key) }.keys
            grew = !more.isEmpty
            found.formUnion(more)
        }
        return found.subtracting([ancestor]).sorted()
    }
}
