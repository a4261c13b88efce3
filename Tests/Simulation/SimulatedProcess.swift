import Foundation
import Workflow

/// One process that may own the journal: an engine, its handlers, and how it ends.
final class SimulatedProcess: @unchecked Sendable {  // Only touched by the kernel's thread.
    let simulation: Simulation
    let number: Int
    let executor: SimulatedExecutor
    let time: SimulatedTime
    /// Others can see whether it lives; where not, its lease has to run out.
    let isOnThisHost: Bool
    private(set) var engine: Engine?
    private(set) var lease: Lease?
    private(set) var isOver = false
    var handlers = 0

    init(_ simulation: Simulation, number: Int, isOnThisHost: Bool) {
        self.simulation = simulation
        self.number = number
        self.isOnThisHost = isOnThisHost
        executor = SimulatedExecutor(kernel: simulation.kernel)
        time = SimulatedTime(kernel: simulation.kernel, executor: executor)
    }

    func forget() { engine = nil }

    var isDead: Bool { executor.isDead }

    /// It lives, and nobody else has taken over. What a process does to the world that was paused for longer than its
    /// lease no journal can prevent; the simulation leaves it out, and checks that it cannot write.
    var isInCharge: Bool { !isDead && lease?.epoch == simulation.epoch }

    private var owner: Owner {
        Owner(host: isOnThisHost ? "here" : "there", bootID: "1", pid: number, startTicks: 1, login: "sim")
    }

    /// Becomes the owner, and drives the runs until it fails or is stopped.
    ///
    /// - Parameter patience: How long it tries to become the owner, in milliseconds.
    func live(patience: Int) async {
        defer { isOver = true }
        let journal: FaultyJournal
        do {
            journal = FaultyJournal(try simulation.openStore(), process: self)
        } catch {
            return simulation.auditor.fail(.folds, "the store cannot be opened: \(error)")
        }
        guard let lease = await acquire(journal, until: time.now() + .milliseconds(patience)) else { return }
        self.lease = lease
        let catalog = SimulatedKind.catalog(of: self)
        let jitter = simulation.kernel.random.next()
        var configuration = Engine.Configuration(
            dataDirectory: "/nowhere", lease: .seconds(10), pollInterval: .seconds(1),
            recovery: simulation.scenario.isOnDemand ? .onDemand : .all)
        if simulation.scenario.writesBeside { configuration.rowsWrittenBeside = 1 }
        let engine = Engine(
            journal: journal, catalog: catalog, sealer: simulation.sealer, time: time,
            random: { SplitMix64(seed: jitter) }, executor: executor,
            loadWorkflow: { [simulation] data in try simulation.workflow(stored: data) }, configuration: configuration)
        self.engine = engine
        simulation.auditor.note("process \(number) drives, epoch \(lease.epoch)")
        do {
            try await engine.run(under: lease)
            try await journal.release(lease)
        } catch {
            simulation.auditor.note("process \(number) ends: \(error)")
        }
        if handlers > 0, !isDead {
            simulation.auditor.fail(.ends, "process \(number) left \(handlers) handlers behind")
        }
    }

    private func acquire(_ journal: FaultyJournal, until deadline: Timestamp) async -> Lease? {
        while !isDead, !simulation.isOver {
            do {
                return try await journal.acquireLease(for: owner, at: time.now(), lasting: .seconds(10)) {
                    [simulation, isOnThisHost] other in
                    isOnThisHost && other.host == "here" ? simulation.isAlive(other.pid) : nil
                }
            } catch {
                guard time.now() < deadline, (try? await time.sleep(for: 700)) != nil else { return nil }
            }
        }
        return nil
    }
}
