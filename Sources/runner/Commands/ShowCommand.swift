import ArgumentParser
import Workflow

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a run: its steps, errors, outputs, and what to do.")
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
