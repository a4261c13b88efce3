import ArgumentParser
import Workflow

struct AttentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attention",
        abstract: "Tells which runs go on only if somebody does something. For cron and monitoring.",
        discussion: """
            These are runs that nobody drives any more, that wait for an approval or a signal, whose outcome is unknown, that \
            have failed, whose rollback has failed, or that were rolled back by their workflow's own rule. Says nothing where there are none, so that cron \
            sends no mail.

            With --since, runs that came to an end are told only if that was not longer ago: give a little more than the time \
            between two looks, and none is missed. What is interrupted or waits is told each time. A failed run that nobody \
            wants any more is told until it is cancelled ('runner cancel RUN') or rolled back.

            Example, for a crontab:
              */10 * * * *  runner attention --since 11m

            Ends with 0 where there are none, and with 3 where there are; 'runner --help' lists all exit statuses.
            """)
    @Option(
        help: ArgumentHelp(
            "Of the runs that came to an end, only those of the last so much time, such as 10m.", valueName: "duration")
    )
    var since: String?
    @Flag(help: "One JSON object a run.") var json = false
    @OptionGroup var database: DatabaseOption

    func validate() throws {
        guard let since, Duration(text: since) == nil else { return }
        throw ValidationError("--since needs a duration, such as 90s, 10m or 1d")
    }

    func run() async throws {
        try await Session.open(database) { session in
            let owner = try await session.owner()
            let limit = since.flatMap { Duration(text: $0) }
            let now = session.time.now()
            var count = 0
            for record in try await session.journal.runs(RunQuery()) {
                if record.status.isSettled, let limit, now - record.updatedAt > limit { continue }
                guard let subject = try await subject(of: record, owner, session) else { continue }
                count += 1
                let (machine, workflow) = try await session.machine(of: subject)
                let report = RunReport(
                    record: subject, status: session.status(of: subject, owner: owner), machine: machine,
                    workflow: workflow)
                Terminal.print(json ? report.attention.canonicalJSON : report.attentionText)
            }
            if count > 0 { throw ExitStatus.waits }
        }
    }

    /// The run that somebody has to look at: this one, a sub-run of it, or none.
    private func subject(of record: RunRecord, _ owner: Owner?, _ session: Session) async throws -> RunRecord? {
        switch record.status {
        case .succeeded, .cancelled: return nil
        case .failed, .unknown, .rollbackFailed: return record
        case .rolledBack:
            // One that somebody has asked for is no news.
            let requests = try await session.journal.entries(of: record.id, after: 0).flatMap(\.events).compactMap {
                if case .rollbackRequested(let actor, _) = $0 { actor } else { nil }
            }
            return requests.first == .policy ? record : nil
        case .pending, .running, .cancelling, .rollingBack:
            return owner == nil ? record : try await session.waiting(record)?.run
        }
    }
}

extension RunReport {
    fileprivate var attentionText: String {
        let head =
            "run \(record.id) of workflow \(record.workflow), \(status), last changed \(record.updatedAt.iso8601)"
        return ([head] + ending.split(separator: "\n").map { "  \($0)" }).joined(separator: "\n")
    }

    fileprivate var attention: Value {
        [
            "run": .string(record.id.rawValue), "workflow": .string(record.workflow), "status": .string(status),
            "updated": .string(record.updatedAt.iso8601), "text": .string(ending),
        ]
    }
}
