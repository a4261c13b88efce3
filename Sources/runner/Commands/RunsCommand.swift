import ArgumentParser
import Foundation
import Workflow

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Lists runs, newest first.",
        discussion: """
            A run that should be under way, but is driven by nobody, is listed as interrupted.

            Examples:
              runner runs --status failed
              runner runs --workflow install --limit 1 --json
            """)
    @Flag(help: "One JSON object a run.") var json = false
    @Flag(help: "Sub-runs too.") var all = false
    @Option(help: ArgumentHelp("At most so many.", valueName: "number")) var limit = 50
    @Option(help: ArgumentHelp("Only those of this workflow.", valueName: "name")) var workflow: String?
    @Option(help: "Only those of this status; interrupted is one.", completion: .list(statuses)) var status: String?
    @OptionGroup var database: DatabaseOption

    private static let interrupted = "interrupted"
    private static let statuses = RunStatus.allCases.map(\.rawValue) + [interrupted]

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit needs a number of runs") }
        guard let status, !Self.statuses.contains(status) else { return }
        throw ValidationError("there is no status '\(status)'; there are \(Self.statuses.joined(separator: ", "))")
    }

    func run() async throws {
        try await Session.open(database) { session in
            let owner = try await session.owner()
            let records = try await session.journal.runs(query(isDriven: owner != nil))
            let widths = (
                id: records.map(\.id.rawValue.count).max() ?? 0, workflow: records.map(\.workflow.count).max() ?? 0
            )
            for record in records {
                let status = session.status(of: record, owner: owner)
                Terminal.print(json ? record.json(status).canonicalJSON : record.text(status, widths))
            }
            if records.isEmpty, !json { Terminal.note("there are no such runs in \(session.home.database)") }
        }
    }

    /// - Parameter isDriven: Whether somebody drives the runs: a run that is not settled is interrupted otherwise.
    private func query(isDriven: Bool) -> RunQuery {
        var query = RunQuery(workflow: workflow, includesChildren: all, limit: limit)
        if status == Self.interrupted {
            query.statuses = isDriven ? [] : RunQuery.unsettled.statuses
        } else if let wanted = status.flatMap(RunStatus.init) {
            query.statuses = wanted.isSettled || isDriven ? [wanted] : []
        }
        return query
    }
}

extension RunRecord {
    fileprivate func json(_ status: String) -> Value {
        [
            "run": .string(id.rawValue), "workflow": .string(workflow), "version": .integer(version),
            "status": .string(status), "created": .string(createdAt.iso8601), "updated": .string(updatedAt.iso8601),
            "parent": parent.map { .string($0.rawValue) } ?? .null,
        ]
    }

    fileprivate func text(_ status: String, _ widths: (id: Int, workflow: Int)) -> String {
        """
        \(id.rawValue.padded(to: widths.id))  \(workflow.padded(to: widths.workflow))  \(status.padded(to: 14))  \
        \(createdAt.iso8601)
        """
    }
}
