import ArgumentParser
import Workflow

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Approves what a step waits for.",
        discussion: """
            'runner show RUN' tells which step waits, and what for.

            Example:
              runner approve last maintenance --reason 'ticket 4711'
            """)
    @OptionGroup var argument: RunArgument
    @OptionGroup var step: StepArgument
    @OptionGroup var why: ReasonOption
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let step = step.step
        try await argument.submit(in: database, saying: "step \(step) is approved") {
            .approve($0, step: step, by: $1, reason: why.reason)
        }
    }
}
