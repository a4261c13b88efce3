import Foundation
import Glibc
import Workflow

/// An engine at work on a journal file, set up as the program does it.
final class Bench: Sendable {
    let journal: SQLiteJournal
    let catalog: StepCatalog
    let calls: Calls
    let engine: Engine
    private let lease: Lease
    private let running: Task<Void, any Error>

    init(folder: String, calls: Calls = Calls(), recovery: Engine.Recovery = .onDemand) async throws {
        let journal = try SQLiteJournal(path: Self.database(folder))
        let time = SystemTime()
        let pid = Int(getpid())
        let owner = Owner(host: "benchmark", bootID: "", pid: pid, startTicks: 0, login: "benchmark")
        let lease = try await journal.acquireLease(for: owner, at: time.now(), lasting: .seconds(15)) { owner in
            kill(pid_t(owner.pid), 0) == 0
        }
        let catalog = StepCatalog([NoOpKind(calls: calls)] + BuiltinKind.all)
        let engine = Engine(
            journal: journal, catalog: catalog, sealer: try Sealer(key: Data(repeating: 7, count: 32)), time: time,
            configuration: Engine.Configuration(dataDirectory: folder, recovery: recovery))
        self.journal = journal
        self.catalog = catalog
        self.calls = calls
        self.engine = engine
        self.lease = lease
        running = Task { try await engine.run(under: lease) }
    }

    static func database(_ folder: String) -> String { folder + "/journal.db" }

    /// Reads and stores a workflow, as `runner run` does before it starts one.
    func store(_ text: String) async throws -> Workflow {
        let workflow = try Shape.load(text, catalog)
        try await store(workflow)
        return workflow
    }

    func store(_ workflow: Workflow) async throws {
        try await journal.store(bundle: workflow.bundle.encoded, hash: workflow.bundle.hash)
        engine.know(workflow)
    }

    func start(_ id: RunID, _ workflow: Workflow, parallel: Int = 8) async throws {
        let header = RunHeader(
            workflow: workflow.definition.name, version: workflow.definition.version, bundle: workflow.bundle.hash,
            parallel: parallel, by: Actor("benchmark"))
        let answer = await engine.submit(.start(id, header, sealedSecrets: nil))
        guard answer == .done else { throw Failure("run \(id) was refused: \(answer)") }
    }

    /// Names as the program gives them, each of a millisecond of its own.
    ///
    /// - Parameter earlier: How many were made before.
    static func names(_ count: Int, after earlier: Int = 0) -> [RunID] {
        var random = SystemRandomNumberGenerator()
        let now = SystemTime().now()
        return (earlier..<earlier + count).map { RunID(at: now + .milliseconds($0), using: &random) }
    }

    func stop() async throws {
        engine.stop()
        try await running.value
        try await journal.release(lease)
        try journal.close()
    }
}

/// A measurement that cannot be taken, or shows a fault.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
