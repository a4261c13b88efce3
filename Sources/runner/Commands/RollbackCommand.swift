import ArgumentParser
import Workflow

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Undoes what a run did, in reverse order; a run under way is cancelled first.",
        discussion: """
            What was there before the run, and what cannot be undone, stays; it is listed at the end. A rollback that \
            failed or was stopped goes on with the same command.

            Example:
              runner rollback last --reason 'wrong cluster'

            Ends with 0 where the run is rolled back, with 1 where that failed; 'runner --help' lists all exit statuses.
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var why: ReasonOption
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await argument.drive(in: database, show) { session, record in
            .rollback(record.id, by: session.actor, reason: why.reason)
        }
    }
}
