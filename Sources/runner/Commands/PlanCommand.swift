import ArgumentParser
import Workflow

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what a run would do. Only looks; changes nothing.",
        discussion: """
            + to be made, ~ to be changed, = as wanted, · only reads or waits, ? known only later, - skipped, ✗ could not be \
            looked at.

            Examples:
              runner plan install -f inputs.yaml --out install.plan
              runner plan install -f inputs.yaml --exit-code

            Ends with 0, with 1 where a step could not be looked at, and with --exit-code with 2 where a run would change \
            something; 'runner --help' lists all exit statuses.
            """)

    @Argument(
        help: "The path of a workflow's file, or the name of a shipped one.", completion: Candidates.workflows)
    var workflow: String
    @OptionGroup var given: GivenOptions
    @Option(help: ArgumentHelp("Saves the plan for 'run --plan'.", valueName: "file"), completion: .file())
    var out: String?
    @Flag(help: "One JSON object.") var json = false
    @Flag(help: "End with 2 where something would change.") var exitCode = false
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await Session.open(database, isMade: true) { session in
            let prepared = try await PreparedRun(workflow, given, session)
            if out != nil, let name = prepared.unboundSecretInputs.first {
                throw CommandFailure(
                    .badData, "secret input '\(name)' was given as a value, and a saved plan must not hold it",
                    fix: "bind it instead: --secret \(name)=env:VARIABLE, or file:PATH")
            }
            let plan = try await prepared.plan(session)
            try Task.checkCancellation()  // Else what was stopped would be shown as what could not be looked at.
            if let out {
                try SavedPlan(plan: plan, bundle: prepared.workflow.bundle, sources: prepared.sources).write(to: out)
            }
            if json {
                Terminal.print(try Value(encoding: plan).canonicalJSON)
            } else {
                Terminal.print(PlanText(plan: plan).text)
                if let out { Terminal.print("saved; do it with: runner run --plan \(out)") }
            }
            if plan.counts[.failed, default: 0] > 0 { throw ExitStatus.failed }
            if exitCode, !plan.isEmpty { throw ExitStatus.changes }
        }
    }
}
