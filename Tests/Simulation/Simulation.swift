import Foundation
package import Workflow

/// One scenario, played through: the real engine, machine and event coding over a simulated clock, scheduler, world
/// and store.
package final class Simulation: @unchecked Sendable {  // Only touched by the kernel's thread.
    /// Where the journal is.
    package enum Store: Hashable, Sendable {
        case memory
        /// A real SQLite file in this folder.
        case folder(String)
    }

    /// What a simulation came to.
    package struct Outcome: Sendable {
        /// Nil: all held.
        package var violation: Violation?
        /// The hash of the journal's last entry: the same for the same scenario.
        package var head: String
        package var commits: Int
        package var processes: Int
        package var statuses: [String: RunStatus]
        /// What happened, where it was asked for.
        package var trace: [String]
    }

    let scenario: Scenario
    let kernel: Kernel
    let isTraced: Bool
    let start: Timestamp
    let sealer: Sealer
    /// Of the main workflow.
    let graph: RunGraph
    let world: SimulatedWorld
    private(set) lazy var auditor = Auditor(self)
    let control: SimulatedExecutor
    let bundle: WorkflowBundle
    private let workflows: [Data: Workflow]
    private let graphs: [String: RunGraph]
    private let open: () throws -> any Journal
    let store: any Journal
    private let faults: [Scenario.Fault.Moment: [Scenario.Fault.Action]]

    private var head = ""
    var commits = 0
    var reads = 0
    /// Of the newest lease.
    var epoch = 0
    private(set) var faultsAreOver = false
    private(set) var isOver = false
    private(set) var hasClockJumps = false
    private(set) var processes: [SimulatedProcess] = []
    /// Tasks that have not ended.
    private var alive = 0
    /// The answers to requests that were left in the journal, and the epoch of who gave them.
    var remoteAnswers: [Int: (answer: EngineAnswer, epoch: Int)] = [:]
    private(set) lazy var desk = Operator(self)

    package init(_ scenario: Scenario, store: Store = .memory, isTraced: Bool = false) throws {
        self.scenario = scenario
        self.isTraced = isTraced
        start = Timestamp(milliseconds: 1_700_000_000_000)
        kernel = Kernel(seed: scenario.seed, start: start)
        control = SimulatedExecutor(kernel: kernel)
        sealer = try Sealer(key: Data(repeating: 7, count: 32))
        world = SimulatedWorld(scenario)
        let catalog = SimulatedKind.catalog(of: nil)
        let main = try scenario.load(catalog: catalog)
        bundle = main.bundle
        var workflows: [Data: Workflow] = [:]
        var graphs: [String: RunGraph] = [:]
        for workflow in [main] + main.children.values {
            workflows[workflow.bundle.encoded] = workflow
            graphs[workflow.bundle.hash] = RunGraph(workflow.definition) { catalog[$0]?.reverting ?? .nothing }
        }
        self.workflows = workflows
        self.graphs = graphs
        graph = RunGraph(main.definition) { catalog[$0]?.reverting ?? .nothing }
        switch store {
        case .memory:
            let memory = MemoryJournal()
            open = { memory }
        case .folder(let folder): open = { try SQLiteJournal(path: folder + "/simulated.db") }
        }
        self.store = try open()
        faults = Dictionary(grouping: scenario.faults, by: \.moment).mapValues { $0.map(\.action) }
    }

    func openStore() throws -> any Journal { try open() }

    func graph(_ bundle: String) -> RunGraph? { graphs[bundle] }

    func workflow(stored data: Data) throws -> Workflow {
        guard let workflow = workflows[data] else { throw InvalidEvent("a bundle that nobody has stored") }
        return workflow
    }

    // MARK: - Playing

    /// Plays the scenario until every run has ended, or an invariant did not hold.
    package func play() -> Outcome {
        spawn(on: control) {
            await self.direct()
            self.head = await self.verify()
        }
        if !kernel.run(limit: 5_000_000, until: { isOver }) { auditor.fail(.ends, "nothing can happen any more") }
        isOver = true
        for process in processes { kill(process) }
        control.unpause()
        if !kernel.run(limit: 5_000_000, until: { alive == 0 }) {
            auditor.fail(.ends, "\(alive) tasks of ended processes do not end")
        }
        // Processes, their engines and this one hold each other.
        let count = processes.count
        for process in processes { process.forget() }
        processes = []
        return Outcome(
            violation: auditor.violation, head: head, commits: commits, processes: count,
            statuses: Dictionary(
                uniqueKeysWithValues: auditor.books.map { ($0.key.rawValue, $0.value.status ?? .pending) }),
            trace: auditor.trace)
    }

    func spawn(on executor: SimulatedExecutor, _ body: @escaping @Sendable () async -> Void) {
        alive += 1
        Task(executorPreference: executor) {
            await body()
            self.alive -= 1
        }
    }

    /// Sleeps on the side of those who watch.
    func pause(for milliseconds: Int) async {
        do {
            try await kernel.sleep(until: kernel.now + .milliseconds(milliseconds), on: control)
        } catch {
            auditor.fail(.ends, "the director was ended")
        }
    }

    private func direct() async {
        defer { isOver = true }
        do {
            try await kernel.outside { try await store.store(bundle: bundle.encoded, hash: bundle.hash) }
        } catch {
            return auditor.fail(.folds, "the bundle cannot be stored: \(error)")
        }
        for (moment, actions) in faults.sorted(by: { $0.key.description < $1.key.description }) {
            guard case .time(let milliseconds) = moment else { continue }
            spawn(on: control) {
                while !self.isOver, self.kernel.now < self.start + .milliseconds(milliseconds) {
                    await self.pause(for: min(1_000, max(1, milliseconds)))
                }
                if !self.faultsAreOver, !self.isOver { for action in actions { self.happen(action) } }
            }
        }
        startProcess(isOnThisHost: true, patience: 60_000)
        var rounds = 0
        var quietRounds = 0
        while auditor.violation == nil {
            await pause(for: scenario.attention)
            if !processes.contains(where: { !$0.isOver && !$0.isDead && !$0.executor.isPaused }) {
                startProcess(isOnThisHost: !kernel.random.oneIn(4), patience: 60_000)
            }
            let isEnded = await desk.tend()
            quietRounds = isEnded ? quietRounds + 1 : 0
            if !faultsAreOver {
                faultsAreOver = kernel.now >= start + .milliseconds(scenario.faultWindow) || quietRounds > 2
                if faultsAreOver { auditor.note("the faults are over") }
                continue
            }
            if isEnded { return auditor.finish() }
            rounds += 1
            // Half an hour, and a thousand looks: far more than any scenario needs.
            if rounds > 1_000, rounds * scenario.attention > 1_800_000 {
                let open = auditor.books.values.map { "\($0.id) is \($0.status ?? .pending)" }.sorted()
                return auditor.fail(.ends, open.joined(separator: ", "))
            }
        }
    }

    private func verify() async -> String {
        do {
            let report = try await kernel.outside {
                try await store.verify { [graphs] record, entries in
                    guard let graph = graphs[record.bundle] else { throw InvalidEvent("no workflow") }
                    var machine = RunMachine(graph: graph)
                    for entry in entries { for event in entry.events { try machine.apply(event, at: entry.at) } }
                    return machine.status
                }
            }
            for fault in report.faults { auditor.fail(.folds, fault) }
            return report.head
        } catch {
            auditor.fail(.folds, "the journal cannot be verified: \(error)")
            return ""
        }
    }

    // MARK: - Faults

    func faults(at moment: Scenario.Fault.Moment) -> [Scenario.Fault.Action] {
        faultsAreOver ? [] : faults[moment] ?? []
    }

    /// Something that strikes at a moment of its own.
    private func happen(_ action: Scenario.Fault.Action) {
        guard let process = processes.last(where: { $0.isInCharge && !$0.isOver }) else { return }
        switch action {
        case .crash: kill(process)
        case .pause(let milliseconds): pause(process, for: milliseconds)
        case .stop: process.engine?.stop()
        case .clockJump(let milliseconds): jump(by: milliseconds)
        case .rival: startRival()
        case .request(let ask, let step, let remotely): self.ask(ask, step: step, remotely: remotely)
        default: break
        }
    }

    private func startProcess(isOnThisHost: Bool, patience: Int) {
        let process = SimulatedProcess(self, number: processes.count + 1, isOnThisHost: isOnThisHost)
        processes.append(process)
        spawn(on: process.executor) { await process.live(patience: patience) }
    }

    func startRival() { startProcess(isOnThisHost: false, patience: 2_000) }

    func isAlive(_ number: Int) -> Bool {
        guard processes.indices.contains(number - 1) else { return false }
        return !processes[number - 1].isDead && !processes[number - 1].isOver
    }

    /// As `kill -9` does.
    func kill(_ process: SimulatedProcess) {
        guard !process.isDead else { return }
        if !isOver { auditor.note("process \(process.number) dies") }
        process.executor.die()
        process.engine?.stop()
    }

    /// As SIGSTOP does, and SIGCONT after a while.
    func pause(_ process: SimulatedProcess, for milliseconds: Int) {
        guard !process.isDead, !process.executor.isPaused else { return }
        auditor.note("process \(process.number) stands still")
        process.executor.pause()
        spawn(on: control) {
            await self.pause(for: milliseconds)
            guard !process.isDead else { return }
            self.auditor.note("process \(process.number) wakes")
            process.executor.unpause()
        }
    }

    func jump(by milliseconds: Int) {
        hasClockJumps = true
        auditor.note("the clock jumps by \(milliseconds) ms")
        kernel.jump(by: milliseconds)
    }

    /// Somebody asks for something, and sometimes twice, as those do who had no answer.
    func ask(_ ask: Scenario.Fault.Ask, step: String, remotely: Bool) {
        desk.ask(ask, object: step, remotely: remotely)
        if kernel.random.oneIn(4) { desk.ask(ask, object: step, remotely: kernel.random.oneIn(2)) }
    }
}
