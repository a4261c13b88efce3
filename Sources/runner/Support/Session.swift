import Foundation
import Steps
import Workflow

/// What a command on runs works with: the journal, the key, the step kinds, and who asks.
struct Session: Sendable {
    let environment: [String: String]
    let home: Home
    let journal: SQLiteJournal
    let tenants: SQLiteTenantRegistry
    let catalog: StepCatalog
    let actor: Actor
    let time = SystemTime()

    /// Opens the journal for as long as the body takes. It is closed however that ends, so that the database is one file
    /// while nobody uses it.
    ///
    /// - Parameter isMade: Whether a database that is not there is made. To look into a new one would tell whoever asks the
    ///   wrong place (a crontab without `RUNNER_HOME`, say) that all is well.
    static func open<T>(
        _ options: DatabaseOption, isMade: Bool = false, _ body: (Session) async throws -> T
    ) async throws -> T {
        let path = options.home().database
        guard isMade || FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(
                .notFound, "there is no database \(path)",
                fix: options.database == nil
                    ? "set RUNNER_HOME, or name it with --db; the first 'runner run' makes one"
                    : "correct the path after --db; 'runner run' makes one")
        }
        let session = try Session(options)
        let result: T
        do {
            result = try await body(session)
        } catch {
            // What went wrong first is what the user has to know.
            try? session.journal.close()
            throw error
        }
        try session.journal.close()
        return result
    }

    private init(_ options: DatabaseOption) throws {
        environment = options.environment
        home = options.home()
        journal = try home.journal()
        tenants = SQLiteTenantRegistry(journal: journal, sealer: { [home] in try home.sealer() }, time: time)
        catalog = try StepCatalog.standard(environment: environment, tenants: tenants)
        actor = .current(environment)
    }

    /// Finds the run that an argument names.
    ///
    /// - Parameter name: A run's name, the beginning of one, or `last`.
    func run(_ name: String) async throws -> RunRecord {
        if name == "last" {
            guard let run = try await journal.runs(RunQuery(limit: 1)).first else {
                throw CommandFailure(.notFound, "there is no run yet", fix: "start one with 'runner run WORKFLOW'")
            }
            return run
        }
        if let run = try await journal.runs(RunQuery(id: RunID(name))).first { return run }
        let found = try await journal.runs(RunQuery(prefix: name, includesChildren: true))
            .filter { name.contains(".") || $0.parent == nil }
        guard let run = found.first else {
            throw CommandFailure(.notFound, "there is no run '\(name)' in \(home.database)", fix: "see 'runner runs'")
        }
        guard found.count == 1 else {
            let names = found.prefix(5).map(\.id.rawValue).joined(separator: ", ")
            throw CommandFailure(
                .usage, "'\(name)' is the beginning of several runs: \(names)", fix: "give more of the name")
        }
        return run
    }

    /// The workflow that a run was started with.
    func workflow(of run: RunRecord) async throws -> Workflow {
        guard let data = try await journal.bundle(hash: run.bundle) else {
            throw JournalError(
                .damaged, "the workflow of run \(run.id) is missing in \(home.database)",
                remedy: "restore a backup of it")
        }
        return try WorkflowLoader.load(bundle: WorkflowBundle(encoded: data), catalog: catalog)
    }

    func graph(of workflow: Workflow) -> RunGraph {
        RunGraph(workflow.definition) { catalog[$0]?.reverting ?? .nothing }
    }

    /// The run's state, folded from its journal.
    func machine(of run: RunRecord) async throws -> (machine: RunMachine, workflow: Workflow) {
        let workflow = try await workflow(of: run)
        var machine = RunMachine(graph: graph(of: workflow))
        for entry in try await journal.entries(of: run.id, after: 0) {
            for event in entry.events { try machine.apply(event, at: entry.at) }
        }
        return (machine, workflow)
    }

    /// Who drives the journal's runs now; nil where nobody does.
    func owner() async throws -> Owner? {
        guard let owner = try await journal.owner(at: time.now()), Owner.isAlive(owner) != false else { return nil }
        return owner
    }

    /// A run's status in words: one that should be under way, but is driven by nobody, is interrupted.
    func status(of run: RunRecord, owner: Owner?) -> String {
        run.status.isSettled || owner != nil ? run.status.rawValue : "interrupted"
    }
}
