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
final class Follower: @unchecked Sendable {  // Used by one task at a time.
    private struct Followed {
        var machine: RunMachine
        var sequence = 0
    }

    private let session: Session
    private let root: RunID
    private var runs: [RunID: Followed] = [:]

    init(session: Session, run: RunID) {
        self.session = session
        root = run
    }

    /// Takes in what has happened so far without showing it, where the run is there already.
    func catchUp() async throws { _ = try await step(view: NoView()) }

    /// Follows until the run is settled.
    func follow(view: any RunView, pause: Duration) async throws {
        while true {
            if let status = try await step(view: view), status.isSettled { return }
            try await Task.sleep(for: pause)
        }
    }

    /// Shows what is new.
    ///
    /// - Returns: The run's status; nil where it is not there yet.
    func step(view: any RunView) async throws -> RunStatus? {
        try await read(root, view)
        for id in runs.keys.sorted() where id != root { try await read(id, view) }
        guard let followed = runs[root] else { return nil }
        view.tick(followed.machine, of: root, at: session.time.now())
        if followed.machine.status.isSettled { view.end(followed.machine, of: root) }
        return followed.machine.status
    }

    private func read(_ id: RunID, _ view: any RunView) async throws {
        if runs[id] == nil {
            guard let record = try await session.journal.runs(RunQuery(id: id)).first else { return }
            runs[id] = Followed(machine: RunMachine(graph: session.graph(of: try await session.workflow(of: record))))
        }
        guard var followed = runs[id] else { return }
        for entry in try await session.journal.entries(of: id, after: followed.sequence) {
            followed.sequence = entry.sequence
            for event in entry.events {
                try followed.machine.apply(event, at: entry.at)
                view.show(event, at: entry.at, of: id, followed.machine, isRoot: id == root)
                if case .waitStarted(_, .run(let child)) = event, runs[child] == nil { try await read(child, view) }
            }
        }
        runs[id] = followed
    }
}

/// Shows nothing.
private struct NoView: RunView {
    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool) {}
    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp) {}
    func end(_ machine: RunMachine, of run: RunID) {}
}
