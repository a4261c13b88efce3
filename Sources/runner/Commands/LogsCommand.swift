import ArgumentParser
import Workflow

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints what a run's steps wrote.",
        discussion: """
            Lines of standard error are marked with !, the steps' own remarks with #. A sub-run has a log of its own, which is \
            named at the end.

            Examples:
              runner logs last -f
              runner logs last server
            """)
    @OptionGroup var argument: RunArgument
    @Argument(help: "Only this step's.", completion: Candidates.steps) var step: String?
    @Flag(name: [.customShort("f"), .customLong("follow")], help: "Goes on until the run is settled.")
    var follow = false
    @Flag(help: "One JSON object a line.") var json = false
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await argument.find(in: database) { session, record in
            if let step {
                let workflow = try await session.workflow(of: record)
                guard session.graph(of: workflow).instance(named: step) != nil else {
                    throw CommandFailure(
                        .notFound, "run \(record.id) has no step '\(step)'",
                        fix: "its steps: \(workflow.definition.steps.map(\.id).joined(separator: ", "))")
                }
            }
            try await printLines(of: record, session)
            if !json { try await nameSubRuns(of: record, session) }
        }
    }

    /// What a step did that runs another workflow is written there.
    private func nameSubRuns(of record: RunRecord, _ session: Session) async throws {
        let below = try await session.journal.runs(RunQuery(prefix: "\(record.id).", includesChildren: true))
        for child in below where child.parent == record.id {
            guard step == nil || child.id == record.id.child(step ?? "") else { continue }
            Terminal.note("sub-run: runner logs \(child.id)")
        }
    }

    private func printLines(of record: RunRecord, _ session: Session) async throws {
        var last = 0
        while true {
            // The status first: what is written before a run settles must not be missed.
            let isSettled = try await session.journal.runs(RunQuery(id: record.id)).first?.status.isSettled ?? true
            while case let lines = try await session.journal.output(of: record.id, step: step, after: last, limit: 1000),
                let end = lines.last
            {
                for line in lines { Terminal.print(json ? line.json.canonicalJSON : text(line)) }
                guard Terminal.isHeard else { return }
                last = end.number
            }
            if !follow || isSettled || !Terminal.isHeard { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func text(_ line: OutputLine) -> String {
        let mark = line.stream == .stderr ? "!" : line.stream == .note ? "#" : " "
        let place = step == nil && !line.step.isEmpty ? "\(line.step)/\(line.attempt) " : ""
        return "\(line.at.clock) \(place)\(mark) \(line.text)"
    }
}

extension OutputLine {
    fileprivate var json: Value {
        [
            "time": .string(at.iso8601), "run": .string(run.rawValue), "step": .string(step),
            "attempt": .integer(attempt), "stream": .string(stream.rawValue), "text": .string(text),
        ]
    }
}
