import Foundation
import Workflow

/// A process's opening of the store: where crashes, errors and pauses happen, and where the auditor sees what became
/// durable. A dead process gets nothing through it any more.
final class FaultyJournal: Journal, @unchecked Sendable {  // Only touched by the kernel's thread.
    private let base: any Journal
    private unowned let process: SimulatedProcess
    private let simulation: Simulation

    init(_ base: any Journal, process: SimulatedProcess) {
        self.base = base
        self.process = process
        simulation = process.simulation
    }

    private static let broken = JournalError(.inputOutput, "the store has an error", remedy: "none: it is simulated")

    private func gate() throws {
        if process.isDead { throw Self.broken }
    }

    /// Reads may fail too.
    private func read<Result>(_ body: () async throws -> Result) async throws -> Result {
        try gate()
        simulation.reads += 1
        for fault in simulation.faults(at: .read(simulation.reads)) where fault == .storeError { throw Self.broken }
        let result = try await simulation.kernel.outside(body)
        try gate()
        return result
    }

    private func write<Result>(_ body: () async throws -> Result) async throws -> Result {
        try gate()
        return try await simulation.kernel.outside(body)
    }

    func append(_ batch: JournalBatch, under lease: Lease) async throws {
        try gate()
        simulation.commits += 1
        let faults = simulation.faults(at: .commit(simulation.commits))
        if simulation.scenario.commitTime > 0 {
            // On disk when it is on disk: what comes meanwhile has to wait for the next commit.
            let until =
                process.time.now() + .milliseconds(simulation.kernel.random.below(simulation.scenario.commitTime))
            try await simulation.kernel.sleep(until: until, on: process.executor, isCancellable: false)
        }
        for fault in faults {
            switch fault {
            case .crash(after: false): simulation.kill(process)
            case .storeError: throw Self.broken
            case .pause(let milliseconds):
                simulation.pause(process, for: milliseconds)
                // Here it stands still: decided, and not written.
                try await simulation.kernel.sleep(
                    until: process.time.now(), on: process.executor, isCancellable: false)
            case .crash, .clockJump, .stop, .rival, .request: break
            default: break
            }
        }
        try gate()
        try await simulation.kernel.outside { try await base.append(batch, under: lease) }
        simulation.auditor.committed(batch, by: process, under: lease)
        for fault in faults {
            switch fault {
            case .crash(after: true): simulation.kill(process)
            case .clockJump(let milliseconds): simulation.jump(by: milliseconds)
            case .stop: process.engine?.stop()
            case .rival: simulation.startRival()
            case .request(let ask, let step, let remotely): simulation.ask(ask, step: step, remotely: remotely)
            default: break
            }
        }
        try gate()
    }

    func acquireLease(
        for owner: Owner, at now: Timestamp, lasting duration: Duration, isAlive: @Sendable (Owner) -> Bool?
    ) async throws -> Lease {
        let lease = try await write {
            try await base.acquireLease(for: owner, at: now, lasting: duration, isAlive: isAlive)
        }
        simulation.epoch = max(simulation.epoch, lease.epoch)
        return lease
    }

    func renew(_ lease: Lease, at now: Timestamp, lasting duration: Duration) async throws {
        try await write { try await base.renew(lease, at: now, lasting: duration) }
    }

    func release(_ lease: Lease) async throws { try await write { try await base.release(lease) } }
    func owner(at now: Timestamp) async throws -> Owner? { try await read { try await base.owner(at: now) } }
    func runs(_ query: RunQuery) async throws -> [RunRecord] { try await read { try await base.runs(query) } }
    func highestName() async throws -> RunID? { try await read { try await base.highestName() } }
    func entries(of run: RunID, after sequence: Int) async throws -> [JournalEntry] {
        try await read { try await base.entries(of: run, after: sequence) }
    }
    func sealedSecrets(of run: RunID) async throws -> String? {
        try await read { try await base.sealedSecrets(of: run) }
    }
    func store(bundle: Data, hash: String) async throws {
        try await write { try await base.store(bundle: bundle, hash: hash) }
    }
    func bundle(hash: String) async throws -> Data? { try await read { try await base.bundle(hash: hash) } }
    func submit(_ request: EngineRequest, at now: Timestamp) async throws -> Int {
        try await write { try await base.submit(request, at: now) }
    }
    func pendingRequests() async throws -> [(id: Int, request: EngineRequest?)] {
        try await read { try await base.pendingRequests() }
    }
    func answer(to id: Int) async throws -> EngineAnswer? { try await read { try await base.answer(to: id) } }
    func output(of run: RunID, step: String?, after number: Int, limit: Int) async throws -> [OutputLine] {
        try await read { try await base.output(of: run, step: step, after: number, limit: limit) }
    }
    func changeCounter() async throws -> Int { try await read { try await base.changeCounter() } }
    func verify(
        _ fold: @escaping @Sendable (RunRecord, [JournalEntry]) throws -> RunStatus
    ) async throws -> ChainReport { try await read { try await base.verify(fold) } }
}
