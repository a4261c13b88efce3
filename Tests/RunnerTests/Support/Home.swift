import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// A home of the program for one test: its database, key and data, and a folder for the test's own files.
final class Home: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/runner-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path + "/workflows", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The last part of its path, which no other has.
    var name: String { URL(filePath: path).lastPathComponent }

    /// Whether this user may mount file systems in a namespace of its own.
    static let mayMount = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    var database: String { "\(path)/home/runner.db" }

    /// What the program keeps there.
    var kept: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path + "/home").sorted() }
    }

    /// Nothing of the tests' own environment but what every program needs, so that no cluster is touched, and what the
    /// sanitizers are told.
    private func environment(_ more: [String: String]) -> [String: String] {
        let inherited = ProcessInfo.processInfo.environment
        return [
            "PATH": inherited["PATH"] ?? "/usr/bin:/bin", "HOME": self.path, "RUNNER_HOME": self.path + "/home",
            "TZ": "UTC", "RUNNER_WORKFLOWS": self.path + "/workflows", "TMPDIR": NSTemporaryDirectory(),
        ].merging(inherited.filter { ["TSAN_OPTIONS", "ASAN_OPTIONS"].contains($0.key) }) { $1 }.merging(more) { $1 }
    }

    func start(_ arguments: String..., environment more: [String: String] = [:]) throws -> RunningProgram {
        try start(arguments, environment: more)
    }

    func start(_ arguments: [String], environment more: [String: String] = [:]) throws -> RunningProgram {
        try Program.runner.start(arguments, environment: environment(more), inherits: false)
    }

    func run(_ arguments: String..., environment more: [String: String] = [:]) async throws -> Program.Result {
        try await Program.runner.run(arguments, environment: environment(more), inherits: false)
    }

    /// Runs a shell script; the program under test is `$runner` in it.
    func shell(_ script: String, environment more: [String: String] = [:]) async throws -> Program.Result {
        try await startShell(script, environment: more).result()
    }

    func startShell(_ script: String, environment more: [String: String] = [:]) throws -> RunningProgram {
        let variables = environment(more).merging(["runner": Program.runnerPath, "home": path]) { $1 }
        return try Program("bash").start(["-uc", script], environment: variables, inherits: false)
    }

    /// Runs the program and requires that it ends with 0.
    @discardableResult
    func succeed(
        _ arguments: String..., environment more: [String: String] = [:],
        location: Testing.SourceLocation = #_sourceLocation
    ) async throws -> Program.Result {
        let result = try await Program.runner.run(arguments, environment: environment(more), inherits: false)
        try #require(
            result.status == 0, "runner \(arguments.joined(separator: " ")): \(result.text)", sourceLocation: location)
        return result
    }

    /// Makes a workflow that the program finds by its name. `HOME` in it stands for the test's folder.
    func workflow(_ name: String, _ text: String) throws {
        try write("workflows/\(name).yaml", "workflow: \(name)\n" + text.replacing("HOME", with: path) + "\n")
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    func show(_ run: String = "last", location: Testing.SourceLocation = #_sourceLocation) async throws -> Value {
        try Value(json: try await succeed("show", run, "--json", location: location).output)
    }

    func status(_ run: String = "last", location: Testing.SourceLocation = #_sourceLocation) async throws -> String? {
        try await show(run, location: location)["status"]?.stringValue
    }

    /// The statuses of a run's steps, by name.
    func steps(_ run: String = "last") async throws -> [String: String] {
        let steps = try await show(run)["steps"]?.arrayValue ?? []
        return Dictionary(steps.map { ($0["id"]?.stringValue ?? "", $0["status"]?.stringValue ?? "") }) { $1 }
    }

    /// Waits until a file of the test is there, which a step makes.
    func file(_ name: String) async throws { try await until("\(name) is there") { read(name) != nil } }
}

/// The name that `runner run` prints first.
func runName(_ output: String) throws -> String {
    let first = try #require(output.split(separator: "\n").first)
    try #require(first.hasPrefix("run "))
    return String(first.dropFirst(4))
}
