import Foundation
import Workflow

/// A real journal that counts commits, tells of events once they are durable, and fails when it is told to.
final class WatchedJournal: Journal {
    struct Broken: Error {}

    private struct State {
        var events: [(run: RunID, event: RunEvent)] = []
        var appends = 0
        var failsAt: Int?
        var waiting: [(matches: @Sendable (RunID, RunEvent) -> Bool, promise: Promise<RunEvent>)] = []
    }

    let journal: SQLiteJournal
    private let state = Locked(State())

    /// - Parameter failsAt: The append that fails, and all after it; counted from 1.
    init(path: String, failsAt: Int? = nil) throws {
        journal = try SQLiteJournal(path: path)
        state.with { $0.failsAt = failsAt }
    }

    var appends: Int { state.with { $0.appends } }
    /// The events that became durable through this journal.
    var events: [(run: RunID, event: RunEvent)] { state.with { $0.events } }

    /// Every append fails from now on: what a killed process has not written is never written.
    func die() { state.with { $0.failsAt = 0 } }

    /// Waits until an event that `matches` is durable, from before or from now on.
    @discardableResult
    func event(_ matches: @escaping @Sendable (RunID, RunEvent) -> Bool) async -> RunEvent {
        let promise = Promise<RunEvent>()
        state.with { state in
            if let found = state.events.first(where: { matches($0.run, $0.event) }) { return promise.keep(found.event) }
            state.waiting.append((matches, promise))
        }
        return await promise.value
    }

    func append(_ batch: JournalBatch, under lease: Lease) async throws {
        let isBroken = state.with { state in
            state.appends += 1
            return state.failsAt.map { state.appends >= $0 } ?? false
        }
        if isBroken { throw Broken() }
        try await journal.append(batch, under: lease)
        state.with { state in
            for entry in batch.entries {
                for event in entry.events {
                    state.events.append((entry.run, event))
                    state.waiting.removeAll { waiting in
                        guard waiting.matches(entry.run, event) else { return false }
                        waiting.promise.keep(event)
                        return true
                    }
                }
            }
        }
    }

    func acquireLease(
        for owner: Owner, at now: Timestamp, lasting duration: Duration, isAlive: @Sendable (Owner) -> Bool?
    ) async throws -> Lease {
        try await journal.acquireLease(for: owner, at: now, lasting: duration, isAlive: isAlive)
    }
    func renew(_ lease: Lease, at now: Timestamp, lasting duration: Duration) async throws {
        try await journal.renew(lease, at: now, lasting: duration)
    }
    func release(_ lease: Lease) async throws { try await journal.release(lease) }
    func owner(at now: Timestamp) async throws -> Owner? { try await journal.owner(at: now) }
    func runs(_ query: RunQuery) async throws -> [RunRecord] { try await journal.runs(query) }
    func highestName() async throws -> RunID? { try await journal.highestName() }
    func entries(of run: RunID, after sequence: Int) async throws -> [JournalEntry] {
        try await journal.entries(of: run, after: sequence)
    }
    func sealedSecrets(of run: RunID) async throws -> String? { try await journal.sealedSecrets(of: run) }
    func store(bundle: Data, hash: String) async throws { try await journal.store(bundle: bundle, hash: hash) }
    func bundle(hash: String) async throws -> Data? { try await journal.bundle(hash: hash) }
    func submit(_ request: EngineRequest, at now: Timestamp) async throws -> Int {
        try await journal.submit(request, at: now)
    }
    func pendingRequests() async throws -> [(id: Int, request: EngineRequest?)] { try await journal.pendingRequests() }
    func answer(to id: Int) async throws -> EngineAnswer? { try await journal.answer(to: id) }
    func output(of run: RunID, step: String?, after number: Int, limit: Int) async throws -> [OutputLine] {
        try await journal.output(of: run, step: step, after: number, limit: limit)
    }
    func changeCounter() async throws -> Int { try await journal.changeCounter() }
    func verify(_ fold: @escaping @Sendable (RunRecord, [JournalEntry]) throws -> RunStatus) async throws -> ChainReport
    {
        try await journal.verify(fold)
    }
}
