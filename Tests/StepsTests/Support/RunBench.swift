import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// Runs steps with the real engine on a journal of their own, against a stand-in of the server.
final class RunBench: Sendable {
    /// How a run ended, and what its journal holds of the steps.
    struct Ended {
        let status: RunStatus?
        let steps: [String: InstanceState]
        /// The secret outputs of each step, unsealed.
        var secrets: [String: [String: String]] = [:]

        func output(_ step: String, _ name: String) -> String? {
            steps[step]?.output?[name]?.stringValue ?? secrets[step]?[name]
        }
        func failure(_ step: String) -> StepError? { steps[step]?.failure }
        func left(_ step: String) -> [String] { steps[step]?.left ?? [] }
    }

    let server: StandInServer
    private let folder: TemporaryDirectory
    private let sealer: Sealer
    private let kinds: [any StepKind]

    /// - Parameter kubectl: What is run in its place.
    init(_ server: StandInServer, kubectl: String = "no-kubectl-in-this-test") throws {
        self.server = server
        folder = try TemporaryDirectory()
        sealer = try Sealer(key: Data(repeating: 7, count: 32))
        let environment = ProcessInfo.processInfo.environment
        let access = ClusterAccess(
            processes: ProcessRunner(environment: environment), files: try PrivateFiles(environment: environment),
            kubectl: kubectl)
        kinds = try ClearMLTransport.forTests().clearMLKinds(cluster: access) { _ in [] }
    }

    /// A workflow of the given steps, `NAME: KIND { PARAMETERS }` a line, each with the server and its credentials.
    func workflow(_ steps: String) -> String {
        let lines = steps.split(separator: "\n").map { line in
            let match = line.wholeMatch(of: /\s*(\w+): (\S+) \{(.*)\}\s*/)
            guard let match else { return String(line) }
            return "  \(match.1): { uses: \(match.2), with: { url: \"\(server.url)\", key: \"${{ secrets.key }}\", "
                + "secret: \"${{ secrets.secret }}\", \(match.3) } }"
        }
        return """
            workflow: w
            secrets: [key, secret]
            defaults: { retry: { attempts: 6, initial: 1ms, max: 2ms } }
            steps:
            \(lines.joined(separator: "\n"))
            """
    }

    /// Starts a run and waits for its end.
    ///
    /// - Parameter dyingIn: The step in which the process ends: after its effect, and before anybody knows of it.
    @discardableResult
    func run(
        _ steps: String, as id: String = "r1", credentials: ClearMLCredentials = StandInServer.supervisor,
        secrets: [String: String] = [:], dyingIn: String? = nil
    ) async throws -> Ended {
        var text = workflow(steps)
        if !secrets.isEmpty {
            let names = ["key", "secret"] + secrets.keys.sorted()
            text = text.replacing("[key, secret]", with: "[\(names.joined(separator: ", "))]")
        }
        return try await working(dyingIn: dyingIn) { [sealer, text] engine, journal, catalog, died in
            let workflow = try WorkflowLoader.load(path: "w.yaml", catalog: catalog) { _ in Data(text.utf8) }
            try await journal.store(bundle: workflow.bundle.encoded, hash: workflow.bundle.hash)
            let header = RunHeader(
                workflow: "w", version: 1, bundle: workflow.bundle.hash, inputs: [:], parallel: 4, by: Actor("test"))
            let sealed = try sealer.seal(
                secrets.merging(["key": credentials.key, "secret": credentials.secret]) { $1 }, context: id)
            #expect(await engine.submit(.start(RunID(id), header, sealedSecrets: sealed)) == .done)
            guard dyingIn != nil else { return try await self.ended(id, engine, journal, catalog) }
            // A run that ends before it comes to that step is told by what follows.
            Task {
                _ = await engine.settled(RunID(id))
                died.happen()
            }
            await died.wait()
            return Ended(status: nil, steps: [:])
        }
    }

    /// Goes on with a run whose process has ended.
    func goOn(_ id: String = "r1") async throws -> Ended {
        try await working { engine, journal, catalog, _ in try await self.ended(id, engine, journal, catalog) }
    }

    func resume(_ id: String = "r1") async throws -> Ended {
        try await working { engine, journal, catalog, _ in
            #expect(await engine.submit(.resume(RunID(id), by: Actor("test"), sealedSecrets: nil)) == .done)
            return try await self.ended(id, engine, journal, catalog)
        }
    }

    func rollback(_ id: String = "r1") async throws -> Ended {
        try await working { engine, journal, catalog, _ in
            #expect(await engine.submit(.rollback(RunID(id), by: Actor("test"), reason: nil)) == .done)
            return try await self.ended(id, engine, journal, catalog)
        }
    }

    /// The raw bytes of the database and what belongs to it.
    func fileBytes() throws -> Data {
        try ["journal.db", "journal.db-wal"].reduce(into: Data()) { bytes, name in
            if FileManager.default.fileExists(atPath: folder.file(name)) {
                bytes += try Data(contentsOf: URL(filePath: folder.file(name)))
            }
        }
    }

    private func working(
        dyingIn: String? = nil,
        _ body: @Sendable (Engine, SQLiteJournal, StepCatalog, Signal) async throws -> Ended
    ) async throws -> Ended {
        let died = Signal()
        let catalog = StepCatalog(
            BuiltinKind.all + kinds.map { dyingIn == nil ? $0 : DyingKind(kind: $0, step: dyingIn ?? "", died: died) })
        let journal = try SQLiteJournal(path: folder.file("journal.db"))
        let time = SystemTime()
        let owner = Owner(host: "test", bootID: "test", pid: 1, startTicks: 1, login: "test")
        let lease = try await journal.acquireLease(for: owner, at: time.now(), lasting: .seconds(60)) { _ in false }
        let engine = Engine(
            journal: journal, catalog: catalog, sealer: sealer, time: time,
            configuration: Engine.Configuration(dataDirectory: folder.path))
        let work = Task { try await engine.run(under: lease) }
        let result: Result<Ended, any Error>
        do { result = .success(try await body(engine, journal, catalog, died)) } catch { result = .failure(error) }
        engine.stop()
        try await work.value
        try await journal.release(lease)
        return try result.get()
    }

    private func ended(
        _ id: String, _ engine: Engine, _ journal: SQLiteJournal, _ catalog: StepCatalog
    ) async throws -> Ended {
        let status = await engine.settled(RunID(id))
        let record = try #require(try await journal.runs(RunQuery(id: RunID(id))).first)
        let bundle = try #require(try await journal.bundle(hash: record.bundle))
        let workflow = try WorkflowLoader.load(bundle: WorkflowBundle(encoded: bundle), catalog: catalog)
        var machine = RunMachine(graph: RunGraph(workflow.definition) { catalog[$0]?.reverting ?? .nothing })
        for entry in try await journal.entries(of: RunID(id), after: 0) {
            for event in entry.events { try machine.apply(event, at: entry.at) }
        }
        let steps = machine.instances.map { (machine.graph.name(of: $0), machine[$0]) }
        var ended = Ended(status: status, steps: Dictionary(steps) { $1 })
        for (name, state) in steps {
            if let sealed = state.sealed { ended.secrets[name] = try sealer.open(sealed, context: "\(id)/\(name)") }
        }
        return ended
    }
}

/// Something that happens once.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func happen() { continuation.finish() }
    func wait() async { for await _ in stream {} }
}

/// A step kind of which one step has its effect and then never comes to report it.
private struct DyingKind: StepKind {
    let kind: any StepKind
    let step: String
    let died: Signal

    var name: String { kind.name }
    var summary: String { kind.summary }
    var parameters: [Parameter] { kind.parameters }
    var outputs: [Parameter] { kind.outputs }
    var reverting: Reverting { kind.reverting }

    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await kind.observe(input, context)
    }

    func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let output = try await kind.apply(input, prior: prior, context)
        guard context.step == step else { return output }
        died.happen()
        // Until the process ends, which cancels it.
        try await ContinuousClock().sleep(for: .seconds(3600))
        return output
    }

    func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await kind.revert(input, output: output, prior: prior, context)
    }
}
