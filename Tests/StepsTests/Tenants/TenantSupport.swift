import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// A registry in a real file of its own, and steps on it as runs take them.
final class TenantWorld: Sendable {
    let folder: TemporaryDirectory
    let journal: SQLiteJournal
    let registry: SQLiteTenantRegistry

    init() throws {
        folder = try TemporaryDirectory()
        journal = try SQLiteJournal(path: folder.path + "/runner.db")
        registry = SQLiteTenantRegistry(
            journal: journal, sealer: { try Sealer(key: Data(repeating: 7, count: 32)) }, time: SystemTime())
    }

    /// A second opening of the same file, as another process has it.
    func reopened() throws -> SQLiteTenantRegistry {
        SQLiteTenantRegistry(
            journal: try SQLiteJournal(path: journal.path), sealer: { try Sealer(key: Data(repeating: 7, count: 32)) },
            time: SystemTime())
    }

    func ports(run: String = "r1", _ with: [String: Value]) throws -> RegistryStep {
        let access = ClusterAccess(
            processes: ProcessRunner(environment: [:]), files: try PrivateFiles(environment: ["TMPDIR": folder.path]))
        return try RegistryStep(
            TenantPorts(registry, access), with.merging(["cluster": false]) { given, _ in given }, run: run)
    }

    func record(run: String = "r1", _ with: [String: Value]) throws -> RegistryStep {
        try RegistryStep(TenantRecord(registry), with, run: run)
    }

    func lookup(_ with: [String: Value]) throws -> RegistryStep {
        try RegistryStep(TenantLookup(registry), with, run: "r9")
    }
}

/// A step of a run, taken as the engine does it.
struct RegistryStep {
    let kind: any StepKind
    let input: StepInput
    let context: StepContext

    init(_ kind: any StepKind, _ with: [String: Value], run: String) throws {
        self.kind = kind
        input = StepInput(try kind.parameters.resolve(with))
        context = StepContext(run: run, step: "step", attempt: 1, dataDirectory: "/nowhere") { _, _ in }
    }

    func observe() async throws -> Observation { try await kind.observe(input, context) }

    /// Observes, applies where that is called for, and says with what prior.
    @discardableResult
    func take() async throws -> (output: StepOutput, prior: Value?) {
        switch try await observe() {
        case .present(let output): return (output, nil)
        case .unknown(let reason): throw StepError(.permanent, reason)
        case .absent(let prior), .differs(_, let prior):
            return (try await kind.apply(input, prior: prior, context), prior)
        }
    }

    func revert(prior: Value?) async throws -> [String] {
        try await kind.revert(input, output: nil, prior: prior, context)
    }

    func isPresent() async throws -> Bool { if case .present = try await observe() { true } else { false } }

    func refusal() async throws -> StepError {
        try #require(await #expect(throws: StepError.self) { try await take() })
    }
}
