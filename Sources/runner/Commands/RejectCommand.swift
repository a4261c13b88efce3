import ArgumentParser
import Workflow

struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Rejects what a step waits for: the step fails.",
        discussion: """
            Example:
              runner reject last maintenance --reason 'not before Monday'
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var step: StepArgument
    @OptionGroup var why: ReasonOption
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let step = step.step
        try await argument.submit(in: database, saying: "step \(step) is rejected") {
            .reject($0, step: step, by: $1, reason: why.reason)
        }
    }
}
