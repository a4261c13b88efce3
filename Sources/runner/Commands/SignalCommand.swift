import ArgumentParser
import Workflow

struct SignalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal", abstract: "Sends a signal to a run.",
        discussion: """
            A 'wait.signal' step of that signal goes on with it, also one that the run comes to only later.

            Example:
              runner signal last paid --data '{"invoice": 4711}'
            """)
    @OptionGroup var argument: RunArgument
    @Argument(help: "The signal's name.") var name: String
    @Option(help: ArgumentHelp("What to send, as JSON.", valueName: "json")) var data: String?
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        var value = Value.null
        if let data {
            do { value = try Value(json: data) } catch {
                throw CommandFailure(.usage, "--data is not JSON", fix: "quote it for the shell: --data '{\"a\": 1}'")
            }
        }
        try await argument.submit(in: database, saying: "signal \(name) is sent") {
            .signal($0, name: name, data: value, by: $1)
        }
    }
}
