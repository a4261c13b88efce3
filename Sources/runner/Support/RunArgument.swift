import ArgumentParser
import Workflow

/// The argument that names a run.
struct RunArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A run's name, the beginning of one, or 'last'.", valueName: "run"),
        completion: Candidates.runs)
    var run: String

    /// Opens the journal and finds the run in it, for as long as the body takes.
    func find<T>(in database: DatabaseOption, _ body: (Session, RunRecord) async throws -> T) async throws -> T {
        try await Session.open(database) { session in try await body(session, try await session.run(run)) }
    }

    /// Asks for something, follows the run to where it does nothing more, and ends the program as the run's status says.
    func drive(
        in database: DatabaseOption, _ show: ViewOptions,
        _ request: (Session, RunRecord) async throws -> EngineRequest
    ) async throws {
        try await find(in: database) { session, record in
            let request = try await request(session, record)
            let status = try await Driver(session: session).drive(request, view: show.view(session.environment))
            if !show.json { try await session.tellEnding(of: record.id) }
            switch (request, status) {
            case (.rollback, .rolledBack), (.cancel, .cancelled): return
            default: throw ExitStatus(status)
            }
        }
    }

    /// Asks for something that only changes the run's state.
    ///
    /// - Parameter done: What to say once it is done.
    func submit(
        in database: DatabaseOption, saying done: String, _ request: (RunID, Actor) -> EngineRequest
    ) async throws {
        try await find(in: database) { session, record in
            try await Driver(session: session).submit(request(record.id, session.actor))
            Terminal.print(done)
            if try await session.owner() == nil {
                Terminal.print("nobody drives the run now; go on with: runner resume \(record.id)")
            }
        }
    }
}

/// The argument that names a step of the run before it.
struct StepArgument: ParsableArguments {
    @Argument(help: "The step; an item of a 'for_each' as gpu[2].", completion: Candidates.steps) var step: String
}

/// The option that tells the history why.
struct ReasonOption: ParsableArguments {
    @Option(help: "Why, for the history.") var reason: String?
}
