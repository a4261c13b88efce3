import Foundation
import Workflow

/// What becomes of a run, as it is shown while it happens.
protocol RunView: Sendable {
    /// - Parameters:
    ///   - machine: The state after the event.
    ///   - isRoot: False for an event of a sub-run.
    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool)
    /// Time has passed; a live view draws itself anew.
    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp)
    /// Nothing more comes.
    func end(_ machine: RunMachine, of run: RunID)
}

/// Reads a run's journal (and its sub-runs') as it grows, whoever writes it.
final class Follower {
    private struct Followed {
        var machine: RunMachine
        var sequence = 0
    }

    let run: RunID
    private let session: Session
    private let view: any RunView
    private var isShowing = true
    private var runs: [RunID: Followed] = [:]

    init(session: Session, run: RunID, view: any RunView) {
        self.session = session
        self.run = run
        self.view = view
    }

    /// Takes in what has happened so far without showing it, where the run is there already.
    func catchUp() async throws {
        isShowing = false
        defer { isShowing = true }
        _ = try await step()
    }

    /// Shows what is new.
    ///
    /// - Returns: The run's status; nil where it is not there yet.
    func step() async throws -> RunStatus? {
        try await read()
        guard let followed = runs[run] else { return nil }
        guard isShowing else { return followed.machine.status }
        view.tick(followed.machine, of: run, at: session.time.now())
        if followed.machine.status.isSettled { view.end(followed.machine, of: run) }
        return followed.machine.status
    }

    /// Takes in what is new of all runs, in the journal's order: that a sub-run has failed comes before what it means for
    /// the run that it is part of.
    private func read() async throws {
        var due = try await news(of: run)
        // A run is looked at before those below it, so that no end of one is missed that it was told of.
        for id in runs.keys.sorted() where id != run { due += try await news(of: id) }
        due.sort { $0.sequence > $1.sequence }
        while let entry = due.popLast() {
            let id = entry.run
            for event in entry.events {
                guard var followed = runs.removeValue(forKey: id) else { continue }
                try followed.machine.apply(event, at: entry.at)
                followed.sequence = entry.sequence
                if isShowing { view.show(event, at: entry.at, of: id, followed.machine, isRoot: id == run) }
                runs[id] = followed
                if case .waitStarted(_, .run(let child)) = event, runs[child] == nil {
                    due += try await news(of: child)
                    due.sort { $0.sequence > $1.sequence }
                }
            }
        }
    }

    private func news(of id: RunID) async throws -> [JournalEntry] {
        if let followed = runs[id] { return try await session.journal.entries(of: id, after: followed.sequence) }
        guard let record = try await session.journal.runs(RunQuery(id: id)).first else { return [] }
        runs[id] = Followed(machine: RunMachine(graph: session.graph(of: try await session.workflow(of: record))))
        return try await session.journal.entries(of: id, after: 0)
    }
}
