import ArgumentParser
import Foundation
import Workflow

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Lists runs, newest first.",
        discussion: "A run that should be under way, but is driven by nobody, is listed as interrupted.")
    @Flag(help: "One JSON object a run.") var json = false
    @Flag(help: "Sub-runs too.") var all = false
    @Option(help: "At most so many.") var limit = 50
    @Option(help: "Only those of this workflow.") var workflow: String?
    @Option(help: "Only those of this status; interrupted is one.") var status: String?
    @OptionGroup var database: DatabaseOption

    private static let interrupted = "interrupted"

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit needs a number of runs") }
        let known = RunStatus.allCases.map(\.rawValue) + [Self.interrupted]
        guard let status, !known.contains(status) else { return }
        throw ValidationError("there is no status '\(status)'; there are \(known.joined(separator: ", "))")
    }

    func run() async throws {
        let session = try Session(database)
        let owner = try await session.owner()
        var query = RunQuery(workflow: workflow, includesChildren: all, limit: limit)
        if status == Self.interrupted {
            query.statuses = owner == nil ? RunQuery.unsettled.statuses : []
        } else if let wanted = status.flatMap(RunStatus.init) {
            query.statuses = wanted.isSettled || owner != nil ? [wanted] : []
        }
        for record in try await session.journal.runs(query) {
            let status = session.status(of: record, owner: owner)
            Terminal.print(json ? record.json(status).canonicalJSON : record.text(status))
        }
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

    fileprivate func text(_ status: String) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
        }
        return "\(id)  \(padded(workflow, 16))  \(padded(status, 14))  \(createdAt.iso8601)"
    }
}
