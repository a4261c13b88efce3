import ArgumentParser
import Foundation
import Workflow

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows a run: its steps, errors, outputs, and what to do.")
    @OptionGroup var argument: RunArgument
    @Flag(help: "One JSON object.") var json = false

    func run() async throws {
        let (session, record) = try await argument.find()
        let (machine, workflow) = try await session.machine(of: record)
        let status = session.status(of: record, owner: try await session.owner())
        let report = RunReport(record: record, status: status, machine: machine, workflow: workflow)
        Terminal.print(json ? report.json.canonicalJSON : report.text)
    }
}

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "runs", abstract: "Lists runs, newest first.")
    @Flag(help: "One JSON object a run.") var json = false
    @Flag(help: "Sub-runs too.") var all = false
    @Option(help: "At most so many.") var limit = 50
    @Option(help: "Only those of this workflow.") var workflow: String?
    @Option(help: "Only those of this status; interrupted is one.") var status: String?
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let session = try Session(database)
        let owner = try await session.owner()
        let query = RunQuery(workflow: workflow, includesChildren: all)
        let runs = try await session.journal.runs(query).lazy
            .map { (record: $0, status: session.status(of: $0, owner: owner)) }
            .filter { status == nil || $0.status == status }
            .prefix(max(0, limit))
        for (record, status) in runs {
            if json {
                let object: [String: Value] = [
                    "run": .string(record.id.rawValue), "workflow": .string(record.workflow),
                    "version": .integer(record.version), "status": .string(status),
                    "created": .string(record.createdAt.iso8601), "updated": .string(record.updatedAt.iso8601),
                    "parent": record.parent.map { .string($0.rawValue) } ?? .null,
                ]
                Terminal.print(Value.object(object).canonicalJSON)
            } else {
                let name = record.workflow.padding(toLength: max(16, record.workflow.count), withPad: " ", startingAt: 0)
                let state = status.padding(toLength: max(14, status.count), withPad: " ", startingAt: 0)
                Terminal.print("\(record.id)  \(name)  \(state)  \(record.createdAt.iso8601)")
            }
        }
    }
}

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Prints what a run's steps wrote.")
    @OptionGroup var argument: RunArgument
    @Argument(help: "Only this step's.") var step: String?
    @Flag(name: [.customShort("f"), .customLong("follow")], help: "Goes on until the run is settled.") var follow = false

    func run() async throws {
        let (session, record) = try await argument.find()
        if let step {
            let workflow = try await session.workflow(of: record)
            guard session.graph(of: workflow).instance(named: step) != nil else {
                throw CommandFailure(
                    .notFound, "run \(record.id) has no step '\(step)'",
                    fix: "its steps: \(workflow.definition.steps.map(\.id).joined(separator: ", "))")
            }
        }
        var last = 0
        while true {
            // The status first: what is written before a run settles must not be missed.
            let isSettled = try await session.journal.runs(RunQuery(id: record.id)).first?.status.isSettled ?? true
            while case let lines = try await session.journal.output(of: record.id, step: step, after: last, limit: 1000),
                let end = lines.last
            {
                for line in lines { Terminal.print(text(line)) }
                last = end.number
            }
            if !follow || isSettled { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func text(_ line: OutputLine) -> String {
        let mark = line.stream == .stderr ? "!" : line.stream == .note ? "#" : " "
        let place = step == nil && !line.step.isEmpty ? "\(line.step)/\(line.attempt) " : ""
        return "\(line.at.clock) \(place)\(mark) \(line.text)"
    }
}
