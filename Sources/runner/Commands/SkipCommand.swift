import ArgumentParser
import Workflow

struct SkipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip",
        abstract: "Passes over a step of a run that stands still; the steps after it read nothing from it.",
        discussion: """
            Starts nothing: 'runner resume RUN' goes on.

            Example:
              runner skip last gpu --reason 'this cluster has none'
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var step: StepArgument
    @Option(help: "Why, for the history.") var reason: String
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let step = step.step
        try await argument.submit(in: database, saying: "step \(step) is skipped") {
            .skip($0, step: step, by: $1, reason: reason)
        }
    }
}
