import ArgumentParser
import Workflow

struct ResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Says what became of a step whose outcome is unknown.",
        usage: """
            runner resolve <run> <step> (--adopt [--output <json>] | --redo | --discard) --reason <reason> [--db <file>]
            """,
        discussion: """
            'runner show RUN' tells which step that is, and why. Starts nothing: 'runner resume RUN' goes on.

            Examples:
              runner resolve last company --adopt --output '{"id": "4711"}' --reason 'seen'
              runner resolve last mail --discard --reason 'not in the outbox'
            """)

    enum Choice: String, EnumerableFlag {
        case adopt, redo, discard

        static func help(for value: Choice) -> ArgumentHelp? {
            switch value {
            case .adopt: "It happened; --output tells with what output."
            case .redo: "It may be done again, whether it happened or not."
            case .discard: "It did not happen."
            }
        }
    }

    @OptionGroup var argument: RunArgument
    @OptionGroup var step: StepArgument
    @Flag var choice: Choice
    @Option(help: ArgumentHelp("The step's output as a JSON object, with --adopt.", valueName: "json"))
    var output: String?
    @Option(help: "How you know, for the history.") var reason: String
    @OptionGroup var database: DatabaseOption

    func validate() throws {
        guard output == nil || choice == .adopt else { throw ValidationError("--output goes with --adopt") }
    }

    func run() async throws {
        let resolution: Resolution =
            switch choice {
            case .redo: .redo
            case .discard: .discard
            case .adopt: .adopt(output: try adopted())
            }
        let step = step.step
        try await argument.submit(in: database, saying: "step \(step) is resolved") {
            .resolve($0, step: step, resolution, by: $1, reason: reason)
        }
    }

    private func adopted() throws -> [String: Value] {
        guard let output else { return [:] }
        guard let value = try? Value(json: output), let object = value.objectValue else {
            throw CommandFailure(
                .usage, "--output is no JSON object", fix: "quote it for the shell: --output '{\"id\": \"…\"}'")
        }
        return object
    }
}
