import ArgumentParser
import Foundation
import Workflow

/// The argument that names a run.
struct RunArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("A run's name, the beginning of one, or 'last'.", valueName: "run"))
    var run: String
    @OptionGroup var database: DatabaseOption

    func find() async throws -> (session: Session, record: RunRecord) {
        let session = try Session(database)
        return (session, try await session.run(run))
    }
}

extension RunArgument {
    /// Asks for something and follows the run to where it does nothing more.
    func drive(_ show: ViewOptions, _ request: (RunID, Actor) -> EngineRequest) async throws -> Never {
        let (session, record) = try await find()
        try await drive(session, record, show, request(record.id, session.actor))
    }

    func drive(
        _ session: Session, _ record: RunRecord, _ show: ViewOptions, _ request: EngineRequest
    ) async throws -> Never {
        let status = try await Driver(session: session).drive(request, view: show.view(session.environment))
        try await Ending(session: session).tell(record.id, json: show.json)
        switch (request, status) {
        case (.rollback, .rolledBack), (.cancel, .cancelled): throw ExitStatus.done
        default: throw ExitStatus(status)
        }
    }

    /// Asks for something that only changes the run's state.
    func submit(_ done: String, _ request: (RunID, Actor) -> EngineRequest) async throws {
        let (session, record) = try await find()
        try await Driver(session: session).submit(request(record.id, session.actor))
        Terminal.print(done)
        if try await session.owner() == nil {
            Terminal.print("nobody drives the run now; go on with: runner resume \(record.id)")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with a run that was interrupted, or that has failed.",
        discussion: "Secrets are kept from before; those that are bound again are fetched anew.")
    @OptionGroup var argument: RunArgument
    @OptionGroup var bindings: SecretOptions
    @OptionGroup var show: ViewOptions

    func run() async throws {
        let (session, record) = try await argument.find()
        let sealed = try await rebind(session, record)
        try await argument.drive(session, record, show, .resume(record.id, by: session.actor, sealedSecrets: sealed))
    }

    /// The run's secrets with those that were given anew; nil keeps them as they are.
    private func rebind(_ session: Session, _ record: RunRecord) async throws -> String? {
        let given = try bindings.sources()
        guard !given.isEmpty else { return nil }
        let definition = try await session.workflow(of: record).definition
        let inputs = definition.inputs.filter(\.secret).map(\.name)
        let names = definition.secrets.map(\.name) + inputs
        if let unknown = given.keys.sorted().first(where: { !names.contains($0) }) {
            throw CommandFailure(
                .badData, "workflow '\(definition.name)' has no secret '\(unknown)'",
                fix: names.isEmpty ? "leave it out; it takes none" : "its secrets: \(names.joined(separator: ", "))")
        }
        let sealer = try session.home.sealer()
        var values: [String: String] = [:]
        do {
            if let kept = try await session.journal.sealedSecrets(of: record.id) {
                values = try sealer.open(kept, context: record.id.rawValue)
            }
        } catch let error as SealError {
            // The key is another one: that is no harm where nothing of the old is needed.
            let needed = definition.secrets.filter(\.required).map(\.name) + inputs
            guard needed.allSatisfy({ given[$0] != nil }) else { throw error }
        }
        values.merge(try await SecretSource(environment: session.environment).fetch(given)) { $1 }
        return try sealer.seal(values, context: record.id.rawValue)
    }
}

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Undoes what a run did, in reverse order; a run under way is cancelled first.")
    @OptionGroup var argument: RunArgument
    @Option(help: "Why, for the history.") var reason: String?
    @OptionGroup var show: ViewOptions

    func run() async throws { try await argument.drive(show) { .rollback($0, by: $1, reason: reason) } }
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Ends a run: nothing new starts, and what runs is stopped. Keeps what was done.")
    @OptionGroup var argument: RunArgument
    @Option(help: "Why, for the history.") var reason: String?
    @OptionGroup var show: ViewOptions

    func run() async throws { try await argument.drive(show) { .cancel($0, by: $1, reason: reason) } }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Tries a settled run's failed steps again, or a step and all that need it.")
    @OptionGroup var argument: RunArgument
    @Option(help: ArgumentHelp("Do this step and all after it anew, finished ones too.", valueName: "step"))
    var from: String?
    @OptionGroup var show: ViewOptions

    func run() async throws { try await argument.drive(show) { .retry($0, from: from, by: $1) } }
}

struct SkipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip",
        abstract: "Passes over a step of a run that stands still; the steps after it read nothing from it.")
    @OptionGroup var argument: RunArgument
    @Argument(help: "The step.") var step: String
    @Option(help: "Why, for the history.") var reason: String

    func run() async throws {
        try await argument.submit("step \(step) is skipped") { .skip($0, step: step, by: $1, reason: reason) }
    }
}

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "approve", abstract: "Approves what a step waits for.")
    @OptionGroup var argument: RunArgument
    @Argument(help: "The step.") var step: String
    @Option(help: "Why, for the history.") var reason: String?

    func run() async throws {
        try await argument.submit("step \(step) is approved") { .approve($0, step: step, by: $1, reason: reason) }
    }
}

struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Rejects what a step waits for: the step fails.")
    @OptionGroup var argument: RunArgument
    @Argument(help: "The step.") var step: String
    @Option(help: "Why, for the history.") var reason: String?

    func run() async throws {
        try await argument.submit("step \(step) is rejected") { .reject($0, step: step, by: $1, reason: reason) }
    }
}

struct SignalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "signal", abstract: "Sends a signal to a run.")
    @OptionGroup var argument: RunArgument
    @Argument(help: "The signal's name.") var name: String
    @Option(help: ArgumentHelp("What to send, as JSON.", valueName: "json")) var data: String?

    func run() async throws {
        var value = Value.null
        if let data {
            do { value = try Value(json: data) } catch {
                throw CommandFailure(.usage, "--data is not JSON", fix: "quote it for the shell: --data '{\"a\": 1}'")
            }
        }
        try await argument.submit("signal \(name) is sent") { .signal($0, name: name, data: value, by: $1) }
    }
}

struct ResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Says what became of a step whose outcome is unknown.")

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
    @Argument(help: "The step.") var step: String
    @Flag var choice: Choice
    @Option(help: ArgumentHelp("The step's output as a JSON object, with --adopt.", valueName: "json"))
    var output: String?
    @Option(help: "How you know, for the history.") var reason: String

    func run() async throws {
        let resolution: Resolution =
            switch choice {
            case .redo: .redo
            case .discard: .discard
            case .adopt: .adopt(output: try adopted())
            }
        try await argument.submit("step \(step) is resolved") {
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
