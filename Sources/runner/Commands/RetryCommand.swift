import ArgumentParser
import Workflow

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Tries a settled run's failed steps again, or a step and all that need it.",
        discussion: """
            Examples:
              runner retry last
              runner retry last --from server     # also where these steps have succeeded

            \(ExitStatus.ofRuns)
            """)
    @OptionGroup var argument: RunArgument
    @Option(
        help: ArgumentHelp("Do this step and all after it anew, finished ones too.", valueName: "step"),
        completion: Candidates.steps)
    var from: String?
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await argument.drive(in: database, show) { session, record in
            .retry(record.id, from: from, by: session.actor)
        }
    }
}
