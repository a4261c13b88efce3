import ArgumentParser
import Workflow

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a run: its steps, errors, outputs, and what to do.",
        discussion: """
            Examples:
              runner show last
              runner show last --json | jq '.steps[] | select(.status == "failed")'
            """)
    @OptionGroup var argument: RunArgument
    @Flag(help: "One JSON object.") var json = false
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        try await argument.find(in: database) { session, record in
            let (machine, workflow) = try await session.machine(of: record)
            let status = session.status(of: record, owner: try await session.owner())
            let report = RunReport(record: record, status: status, machine: machine, workflow: workflow)
            Terminal.print(json ? report.json.canonicalJSON : report.text)
        }
    }
}
