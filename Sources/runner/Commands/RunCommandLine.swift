import ArgumentParser
import Foundation
import Workflow

/// How a run is shown while it goes on.
struct ViewOptions: ParsableArguments {
    @Flag(help: "One JSON object a line.")
    var json = false

    func view(_ environment: [String: String]) -> any RunView {
        if json { return JSONView() }
        return Terminal.isInteractive(environment) ? LiveView(environment: environment) : PlainView()
    }
}

/// `runner run`.
struct RunCommandLine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Starts a run of a workflow and follows it to its end.")

    @Argument(help: "The path of a workflow's file, or the name of a shipped one, such as install.")
    var workflow: String?
    @OptionGroup var given: GivenOptions
    @Option(help: "How many steps run at once.")
    var parallel = 8
    @Option(
        help: ArgumentHelp(
            "Do exactly what this saved plan says, or refuse where the world has changed.", valueName: "file"))
    var plan: String?
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func validate() throws {
        guard parallel >= 1 else { throw ValidationError("--parallel needs at least 1") }
        guard (workflow == nil) != (plan == nil) else {
            throw ValidationError("name a workflow, or a plan with --plan")
        }
        guard plan == nil || (given.inputs + given.files).isEmpty else {
            throw ValidationError("a saved plan holds its inputs: leave out -i and -f, or plan again")
        }
    }

    func run() async throws {
        let session = try Session(database)
        let prepared = try await prepare(session)
        let definition = prepared.workflow.definition
        let id: RunID = {
            var random = SystemRandomNumberGenerator()
            return RunID(at: session.time.now(), using: &random)
        }()
        let header = RunHeader(
            workflow: definition.name, version: definition.version, bundle: prepared.workflow.bundle.hash,
            inputs: prepared.inputs, secretSources: prepared.sources, parallel: parallel, by: session.actor)
        let secrets = prepared.sealable
        let sealed = secrets.isEmpty ? nil : try session.home.sealer().seal(secrets, context: id.rawValue)
        try await session.journal.store(bundle: prepared.workflow.bundle.encoded, hash: prepared.workflow.bundle.hash)
        if !show.json { Terminal.print("run \(id)") }
        let status = try await Driver(session: session).drive(
            .start(id, header, sealedSecrets: sealed), of: prepared.workflow, view: show.view(session.environment))
        try await Ending(session: session).tell(id, json: show.json)
        throw ExitStatus(status)
    }

    private func prepare(_ session: Session) async throws -> PreparedRun {
        if let plan {
            let saved = try SavedPlan(path: plan)
            let prepared = try await saved.prepare(session, bindings: try given.bindings.sources())
            try await saved.requireUnchanged(prepared, session)
            return prepared
        }
        return try await PreparedRun(workflow ?? "", given, session)
    }
}

/// What is said once a run has settled.
struct Ending {
    let session: Session

    func tell(_ id: RunID, json: Bool) async throws {
        guard !json, let record = try await session.journal.runs(RunQuery(id: id)).first else { return }
        let (machine, workflow) = try await session.machine(of: record)
        Terminal.print(
            RunReport(record: record, status: record.status.rawValue, machine: machine, workflow: workflow).ending)
    }
}
