import ArgumentParser
import Workflow

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Ends a run: nothing new starts, and what runs is stopped. Keeps what was done.",
        discussion: """
            A cancelled run can be resumed, or rolled back.

            Example:
              runner cancel last --reason 'not tonight'

            Ends with 0 where the run is cancelled; 'runner --help' lists all exit statuses.
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var why: ReasonOption
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await argument.drive(in: database, show) { session, record in
            .cancel(record.id, by: session.actor, reason: why.reason)
        }
    }
}
