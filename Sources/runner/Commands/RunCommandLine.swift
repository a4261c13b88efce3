import ArgumentParser
import Workflow

/// `runner run`. (A `RunCommand` is what the machine asks the engine for.)
struct RunCommandLine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Starts a run of a workflow and follows it to its end.",
        discussion: """
            Prints the run's name first. Where another process drives the runs of this database, the run is handed to it.

            Examples:
              runner run install -f inputs.yaml
              runner run install -f inputs.yaml --secret billing_token=file:/root/token
              runner run gpu-nodes -i 'nodes=[gpu-1, gpu-2]' -i approval=reserved
              runner run --plan saved.plan

            \(ExitStatus.ofRuns)
            """)

    @Argument(
        help: "The path of a workflow's file, or the name of a shipped one, such as install.",
        completion: Candidates.workflows)
    var workflow: String?
    @OptionGroup var given: GivenOptions
    @Option(help: ArgumentHelp("How many steps run at once.", valueName: "number"))
    var parallel = 8
    @Option(
        help: ArgumentHelp(
            "Do exactly what this saved plan says, or refuse where the world has changed.", valueName: "file"),
        completion: .file())
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
        try await Session.open(database, isMade: true) { session in
            let prepared = try await prepare(session)
            let request = try await prepared.start(session, parallel: parallel)
            if !show.json { Terminal.print("run \(request.run)") }
            let status = try await Driver(session: session).drive(
                request, of: prepared.workflow, view: show.view(session.environment))
            if !show.json { try await session.tellEnding(of: request.run) }
            throw ExitStatus(status)
        }
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
