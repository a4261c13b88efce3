import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// The real cluster that tests work on, where there is one.
enum TestCluster {
    static let environment = ProcessInfo.processInfo.environment
    static var kubeconfig: String? { environment["RUNNER_TEST_KUBECONFIG"] }
    static let hint: Comment = "set RUNNER_TEST_KUBECONFIG to a kubeconfig of a cluster for tests"
    static var isThere: Bool { kubeconfig != nil }

    /// The helm programs that are on PATH, of those that tests run with: 4 (or whatever `helm` is) and 3.
    static let helms = ["helm", "helm3"].filter { isOnPath($0) }

    static func isOnPath(_ program: String) -> Bool {
        (environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }
    }

    static func access(helm: String = "helm") throws -> ClusterAccess {
        ClusterAccess(
            processes: ProcessRunner(environment: environment), files: try PrivateFiles(environment: environment),
            helm: helm, kubeconfig: kubeconfig)
    }

    /// Runs kubectl, and returns what it prints without white space around it.
    @discardableResult
    static func kubectl(_ arguments: String..., input: String? = nil) async throws -> String {
        try await kubectl(arguments, input: input)
    }

    @discardableResult
    static func kubectl(_ arguments: [String], input: String? = nil) async throws -> String {
        try await Kubectl(access()).run(arguments, input: input).output.text
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Gives `body` a name for a namespace that is not there, and removes what it has made of it.
    static func withNamespace(_ body: (String) async throws -> Void) async throws {
        let name = "test-" + UUID().uuidString.prefix(8).lowercased()
        do {
            try await body(name)
        } catch {
            try await remove(name)
            throw error
        }
        try await remove(name)
    }

    private static func remove(_ namespace: String) async throws {
        try await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
    }
}

/// A step of a test, driven as the engine does it.
final class StepUnderTest: Sendable {
    let kind: any StepKind
    let directory: TemporaryDirectory
    private let lines = Locked<[String]>([])

    init(_ kind: any StepKind) throws {
        self.kind = kind
        directory = try TemporaryDirectory()
    }

    /// What the step has logged.
    var log: [String] { lines.with { $0 } }

    private var context: StepContext {
        StepContext(run: "test", step: "step", attempt: 1, dataDirectory: directory.path) { [self] _, line in
            lines.with { $0.append(line) }
        }
    }

    /// The parameters with the kind's defaults, as the engine hands them in.
    private func input(_ values: [String: Value]) -> StepInput {
        let defaults = kind.parameters.compactMap { parameter in parameter.default.map { (parameter.name, $0) } }
        return StepInput(Dictionary(uniqueKeysWithValues: defaults).merging(values) { $1 })
    }

    func observe(_ values: [String: Value]) async throws -> Observation {
        try await kind.observe(input(values), context)
    }

    func apply(_ values: [String: Value], prior: Value? = nil) async throws -> StepOutput {
        try await kind.apply(input(values), prior: prior, context)
    }

    /// Observes and applies. Returns what a later revert needs.
    func run(_ values: [String: Value]) async throws -> (output: StepOutput, prior: Value?) {
        let prior = try await observe(values).prior
        return (try await apply(values, prior: prior), prior)
    }

    func revert(_ values: [String: Value], prior: Value?) async throws -> [String] {
        try await kind.revert(input(values), output: nil, prior: prior, context)
    }
}

extension Observation {
    var prior: Value? {
        switch self {
        case .absent(let prior), .differs(_, let prior): prior
        case .present, .unknown: nil
        }
    }

    var changes: [Change] {
        if case .differs(let changes, _) = self { changes } else { [] }
    }

    var isPresent: Bool { if case .present = self { true } else { false } }
    var isAbsent: Bool { if case .absent = self { true } else { false } }
}
