import ArgumentParser
import Workflow

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Undoes what a run did, in reverse order; a run under way is cancelled first.",
        discussion: """
            What was there before the run, and what cannot be undone, stays; it is listed at the end. A rollback that \
            failed or was stopped goes on with the same command.

            On a terminal it tells what would be undone, and asks. Elsewhere it begins at once, unless tenants stand on what \
            the run did: those that other runs have made since it began, and those that it made and other runs have changed. \
            Then it needs --yes.

            Examples:
              runner rollback last --plan
              runner rollback last --reason 'wrong cluster'

            Ends with 0 where the run is rolled back, with 1 where that failed, and with 3 where it was not confirmed (with \
            --plan: where it would need --yes); 'runner --help' lists all exit statuses.
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var why: ReasonOption
    @Flag(help: "Only tells what would be undone.") var plan = false
    @Flag(name: .shortAndLong, help: "Does not ask, whatever stands on what the run did.") var yes = false
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        if plan { return try await argument.find(in: database, tell) }
        try await argument.drive(in: database, show) { session, record in
            if !yes { try await confirm(session, record) }
            return .rollback(record.id, by: session.actor, reason: why.reason)
        }
    }

    private func tell(_ session: Session, _ record: RunRecord) async throws {
        let outlook = try await RollbackOutlook(of: record, session)
        Terminal.print(show.json ? outlook.json.canonicalJSON : outlook.text)
        if !outlook.tenants.isEmpty { throw ExitStatus.waits }
    }

    private func confirm(_ session: Session, _ record: RunRecord) async throws {
        let outlook: RollbackOutlook
        do {
            outlook = try await RollbackOutlook(of: record, session)
        } catch is InvalidEvent {
            return  // One that was begun goes on; where none is possible, the engine says why.
        }
        if Confirmation.isPossible(session.environment), !show.json {
            Terminal.print(outlook.text)
            return try await Confirmation.require("Undo this?")
        }
        // Undoing some of it was decided on already.
        guard outlook.tenants.isEmpty || record.status == .rollbackFailed else {
            throw CommandFailure(
                .waits, "\(outlook.warning); nothing was undone",
                fix: "see 'runner rollback \(record.id) --plan'; to undo it all the same: --yes")
        }
    }
}
