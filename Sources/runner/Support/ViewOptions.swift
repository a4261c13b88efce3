import ArgumentParser
import Workflow

/// How a run is shown while it goes on.
struct ViewOptions: ParsableArguments {
    @Flag(help: "One JSON object for each event, and nothing else.")
    var json = false

    func view(_ environment: [String: String]) -> any RunView {
        if json { return JSONView() }
        return Terminal.isInteractive(environment) ? LiveView(environment: environment) : PlainView()
    }
}

extension Session {
    /// Says what has become of a run that has settled.
    func tellEnding(of id: RunID) async throws {
        guard let record = try await journal.runs(RunQuery(id: id)).first else { return }
        let (machine, workflow) = try await machine(of: record)
        Terminal.print(
            RunReport(record: record, status: record.status.rawValue, machine: machine, workflow: workflow).ending)
    }
}
