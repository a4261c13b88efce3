import Foundation
import TestSupport
import Testing
import Workflow

/// A journal file, a clock, a world: what stays when engines come and go.
final class EngineBench: Sendable {
    let folder: TemporaryDirectory
    let time = ManualTime()
    let world = World()
    let catalog: StepCatalog
    let sealer: Sealer
    static let ada = Actor("ada@host")

    init() throws {
        folder = try TemporaryDirectory()
        let kinds: [any StepKind] = [
            ThingKind(name: "thing", world: world),
            ThingKind(name: "reader", world: world, reverting: .nothing),
            ThingKind(name: "final", world: world, reverting: .impossible("it was sent")),
        ]
        catalog = StepCatalog(kinds + BuiltinKind.all)
        sealer = try Sealer(key: Data(repeating: 7, count: 32))
    }

    var path: String { folder.file("journal.db") }

    /// A new process on the file.
    ///
    /// - Parameter besides: From so many rows on a commit is written beside the loop.
    func start(
        failsAt: Int? = nil, pollInterval: Duration = .milliseconds(200), recovery: Engine.Recovery = .all,
        besides: Int = 64
    ) async throws -> EngineSession {
        let journal = try WatchedJournal(path: path, failsAt: failsAt)
        let lease = try await journal.lease(at: time.now())
        var configuration = Engine.Configuration(
            dataDirectory: folder.file("data"), pollInterval: pollInterval, recovery: recovery)
        configuration.rowsWrittenBeside = besides
        let engine = Engine(
            journal: journal, catalog: catalog, sealer: sealer, time: time, random: { SeededGenerator(seed: 11) },
            configuration: configuration)
        return EngineSession(bench: self, journal: journal, lease: lease, engine: engine)
    }

    /// A process that works until `body` returns, and is then ended in good order.
    func working<Result>(_ body: (EngineSession) async throws -> Result) async throws -> Result {
        let session = try await start()
        do {
            let result = try await body(session)
            try await session.stop()
            return result
        } catch {
            await session.crash()
            throw error
        }
    }

    func load(_ text: String, _ files: [String: String] = [:]) throws -> Workflow {
        try WorkflowLoader.load(path: "main.yaml", catalog: catalog) { name in
            guard let text = name == "main.yaml" ? text : files[name] else { throw WorkflowLoader.FileMissing() }
            return Data(text.utf8)
        }
    }

    /// The raw bytes of the database and what belongs to it.
    func fileBytes() throws -> Data {
        var bytes = Data()
        for name in ["journal.db", "journal.db-wal"] {
            if let data = FileManager.default.contents(atPath: folder.file(name)) { bytes += data }
        }
        return bytes
    }
}

/// One engine at work.
final class EngineSession: Sendable {
    let bench: EngineBench
    let journal: WatchedJournal
    let lease: Lease
    let engine: Engine
    let task: Task<Void, any Error>

    init(bench: EngineBench, journal: WatchedJournal, lease: Lease, engine: Engine) {
        self.bench = bench
        self.journal = journal
        self.lease = lease
        self.engine = engine
        task = Task { try await engine.run(under: lease) }
    }

    var time: ManualTime { bench.time }
    var world: World { bench.world }

    func stop() async throws {
        engine.stop()
        try await task.value
        try await journal.release(lease)
    }

    /// The process is killed: nothing is written any more, and its handlers end.
    func crash() async {
        journal.die()
        engine.stop()
        _ = await task.result
    }

    /// Starts a run, as `runner run` does.
    func begin(
        _ text: String, _ files: [String: String] = [:], as id: String = "r1", inputs: [String: Value] = [:],
        secrets: [String: String] = [:], parallel: Int = 4
    ) async throws -> EngineAnswer {
        let workflow = try bench.load(text, files)
        try await journal.store(bundle: workflow.bundle.encoded, hash: workflow.bundle.hash)
        let definition = workflow.definition
        let header = RunHeader(
            workflow: definition.name, version: definition.version, bundle: workflow.bundle.hash,
            inputs: try definition.resolveInputs(given: inputs).filter { name, _ in
                !definition.inputs.contains { $0.name == name && $0.secret }
            }, parallel: parallel, by: EngineBench.ada)
        let sealed = secrets.isEmpty ? nil : try bench.sealer.seal(secrets, context: id)
        return await engine.submit(.start(RunID(id), header, sealedSecrets: sealed))
    }

    /// Starts a run and waits for its end.
    func run(
        _ text: String, _ files: [String: String] = [:], as id: String = "r1", inputs: [String: Value] = [:],
        secrets: [String: String] = [:], parallel: Int = 4
    ) async throws -> RunStatus? {
        #expect(try await begin(text, files, as: id, inputs: inputs, secrets: secrets, parallel: parallel) == .done)
        return await settled(id)
    }

    func settled(_ id: String = "r1") async -> RunStatus? { await engine.settled(RunID(id)) }

    func resume(_ id: String = "r1") async -> RunStatus? {
        #expect(await engine.submit(.resume(RunID(id), by: EngineBench.ada, sealedSecrets: nil)) == .done)
        return await settled(id)
    }

    func rollback(_ id: String = "r1") async -> RunStatus? {
        #expect(await engine.submit(.rollback(RunID(id), by: EngineBench.ada, reason: nil)) == .done)
        return await settled(id)
    }

    /// The run as the journal's file has it.
    func machine(_ id: String = "r1") async throws -> RunMachine {
        let record = try #require(try await journal.runs(RunQuery(id: RunID(id))).first)
        let data = try #require(try await journal.bundle(hash: record.bundle))
        let workflow = try WorkflowLoader.load(bundle: WorkflowBundle(encoded: data), catalog: bench.catalog)
        var machine = RunMachine(
            graph: RunGraph(workflow.definition) { [bench] in bench.catalog[$0]?.reverting ?? .nothing })
        for entry in try await journal.entries(of: RunID(id), after: 0) {
            for event in entry.events { try machine.apply(event, at: entry.at) }
        }
        #expect(machine.status == record.status)
        return machine
    }

    /// The state of a step, by its name.
    func state(_ step: String, of id: String = "r1") async throws -> InstanceState {
        let machine = try await machine(id)
        return machine[try #require(machine.graph.instance(named: step))]
    }

    func states(_ id: String = "r1") async throws -> String {
        let machine = try await machine(id)
        return machine.instances.map { "\(machine.graph.name(of: $0)) \(machine[$0].status.rawValue)" }
            .joined(separator: ", ")
    }

    func output(_ id: String = "r1", step: String? = nil) async throws -> [String] {
        try await journal.output(of: RunID(id), step: step, after: 0, limit: 10_000).map(\.text)
    }

    /// Waits until `step` waits for its next attempt, and moves the clock there.
    func awaitRetry(_ number: Int = 1, of step: Int, run id: String = "r1") async {
        let seen = Locked(0)
        let event = await journal.event { run, event in
            guard run == RunID(id), case .attemptFailed(let instance, _, .some) = event, instance.step == step else {
                return false
            }
            return seen.with { seen in
                seen += 1
                return seen == number
            }
        }
        if case .attemptFailed(_, _, let at?) = event { time.move(to: at) }
    }
}
