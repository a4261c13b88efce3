import Foundation
import TestSupport
import Testing

/// A home of the program for one test: its database, key and data.
final class Home: Sendable {
    let path: String
    let sandbox: Sandbox

    /// Folder of programs that come before those of `PATH`.
    private let programs: String

    /// - Parameter helm: The program of `PATH` that is to be `helm`.
    init(_ sandbox: Sandbox, helm: String = "helm") throws {
        self.sandbox = sandbox
        path = NSTemporaryDirectory() + "/runner-home-" + UUID().uuidString
        programs = path + "/programs"
        let files = FileManager.default
        try files.createDirectory(atPath: programs, withIntermediateDirectories: true)
        let places = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map { "\($0)/\(helm)" } ?? []
        let program = try #require(places.first { files.isExecutableFile(atPath: $0) }, "there is no \(helm)")
        try files.createSymbolicLink(atPath: programs + "/helm", withDestinationPath: program)
    }

    /// Keeps the arguments of every helm from now on, a line each; it is the same helm that runs.
    func recordHelm() throws {
        try wrap("helm") { "printf '%s\\n' \"$@\" >>'\(path)/helm.arguments'\nexec '\($0)' \"$@\"" }
    }

    /// Lets a shell script stand before a program, whose path it is given.
    func wrap(_ name: String, script: (String) -> String) throws {
        let files = FileManager.default
        let place = "\(programs)/\(name)"
        let places = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map { "\($0)/\(name)" } ?? []
        let linked = try? files.destinationOfSymbolicLink(atPath: place)
        let program = try #require(linked ?? places.first { files.isExecutableFile(atPath: $0) }, "there is no \(name)")
        if linked != nil { try files.removeItem(atPath: place) }
        try Data("#!/bin/sh\n\(script(program))\n".utf8).write(to: URL(filePath: place))
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
    }

    func helmArguments() throws -> String {
        try String(contentsOfFile: path + "/helm.arguments", encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { "\(path)/runner.db" }
    /// Used in place of the sandbox's where a test has put one there.
    var kubeconfig: String { "\(path)/kubeconfig" }

    private func environment() throws -> [String: String] {
        var own = try sandbox.variables()
        if FileManager.default.fileExists(atPath: kubeconfig) { own["KUBECONFIG"] = kubeconfig }
        let path = "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        return own.merging(["RUNNER_HOME": self.path, "NO_COLOR": "1", "PATH": path]) { $1 }
    }

    func start(_ arguments: [String], with variables: [String: String] = [:]) throws -> RunningProgram {
        try Program.runner.start(arguments, environment: try environment().merging(variables) { $1 })
    }

    func run(_ arguments: String...) async throws -> Program.Result { try await run(arguments) }

    func run(_ arguments: [String]) async throws -> Program.Result {
        try await Program.runner.run(arguments, environment: try environment())
    }

    /// Runs the program and requires that it ends with 0.
    @discardableResult
    func succeed(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> String {
        try await succeed(arguments, location: location)
    }

    @discardableResult
    func succeed(_ arguments: [String], location: SourceLocation = #_sourceLocation) async throws -> String {
        let result = try await Program.runner.run(arguments, environment: try environment())
        try #require(
            result.status == 0, "runner \(arguments.joined(separator: " ")): \(result.text)", sourceLocation: location)
        return result.output
    }

    struct Run: Decodable {
        struct Step: Decodable {
            var id: String
            var status: String
            var attempts: Int
        }

        var run: String
        var workflow: String
        var status: String
        var steps: [Step]
    }

    func show(_ run: String = "last") async throws -> Run {
        try JSONDecoder().decode(Run.self, from: Data(try await succeed("show", run, "--json").utf8))
    }

    /// What the database's own check says.
    func integrity() async throws -> String {
        let result = try await Program("sqlite3").run([database, "PRAGMA integrity_check"])
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Rows of the journal.
    func query(_ sql: String) async throws -> [String] {
        let result = try await Program("sqlite3").run([database, sql])
        try #require(result.status == 0, "\(result.error)")
        return result.output.split(whereSeparator: \.isNewline).map(String.init)
    }
}
