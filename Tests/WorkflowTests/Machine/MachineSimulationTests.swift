import TestSupport
import Testing
import Workflow

/// Random DAGs meet random outcomes, from a seed; what must always hold is checked after every event.
@Suite struct MachineSimulationTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func everyRunEndsAndKeepsItsRules(seed: UInt64) throws {
        var simulation = MachineSimulation(seed: seed)
        try simulation.run()
        #expect(simulation.machine.status.isSettled)
        #expect(try simulation.folded() == simulation.machine)
    }
}

private struct MachineSimulation {
    private var random: SeededGenerator
    private var state: MachineRun
    private let steps: [StepDefinition]
    private let parallel: Int
    /// How often each instance has succeeded since it was last set back: never twice.
    private var finished: Set<InstanceID> = []
    private var interventions = 4

    var machine: RunMachine { state.machine }
    func folded() throws -> RunMachine { try state.folded() }

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var steps: [StepDefinition] = []
        let count = Int.random(in: 1...9, using: &random)
        for index in 0..<count {
            let needs = (0..<index).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            steps.append(
                .step(
                    "s\(index)", needs: needs,
                    uses: ["thing", "thing", "reader", "final"].randomElement(using: &random) ?? "",
                    forEach: Int.random(in: 0..<4, using: &random) == 0,
                    when: Int.random(in: 0..<4, using: &random) == 0,
                    maxParallel: Bool.random(using: &random) ? 2 : nil,
                    revert: [.auto, .auto, .auto, .keep].randomElement(using: &random) ?? .auto))
        }
        self.steps = steps
        parallel = Int.random(in: 1...4, using: &random)
        state = MachineRun(steps, onFailure: Bool.random(using: &random) ? .rollback : .stop)
        self.random = random
    }

    mutating func run() throws {
        try state.apply(.created(MachineRun.header(parallel: parallel)), .admitted)
        for _ in 0..<5_000 {
            if let command = machine.next().first {
                try execute(command)
            } else if machine.status.isSettled {
                guard interventions > 0, try intervene() else { return }
            } else {
                try somethingHappens()
            }
            try check()
        }
        Issue.record("the run did not end: \(machine.status), \(state.states)")
    }

    private mutating func execute(_ command: RunCommand) throws {
        switch command {
        case .evaluate(let step):
            let definition = steps[step]
            if definition.when != nil, chance(3) {
                return try state.apply(.skipped(InstanceID(step), reason: "no", by: nil))
            }
            if definition.forEach != nil {
                return try state.apply(
                    .expanded(step: step, items: (0..<Int.random(in: 0...4, using: &random)).map { .integer($0) }))
            }
            try start(InstanceID(step), machine[InstanceID(step)].attempts + 1)
        case .startAttempt(let id, let attempt): try start(id, attempt)
        case .startRevert(let id, let attempt):
            #expect(machine[id].effect != .none)
            for dependent in machine.graph.nodes[id.step].neededBy {
                #expect(
                    machine.steps[dependent].instances.allSatisfy { state in
                        state.effect == .none || machine.graph.nodes[dependent].rollback == .skip
                    }, "\(id) is reverted before all that needs it")
            }
            try state.apply(.revertStarted(id, attempt: attempt))
        case .beginRollback: try state.apply(.rollbackRequested(by: .policy, reason: nil))
        case .settle(let status): try state.apply(.settled(status, outputs: [:]))
        }
    }

    private mutating func start(_ id: InstanceID, _ attempt: Int) throws {
        for need in steps[id.step].needs {
            #expect(machine.steps[need].isDone, "\(id) starts before step \(need) is done")
            #expect(machine.steps[need].instances.allSatisfy { [.succeeded, .skipped].contains($0.status) })
        }
        #expect(!finished.contains(id), "\(id) starts again although it is done")
        try state.apply(.attemptStarted(id, attempt: attempt))
    }

    /// Something that is under way ends, or somebody outside acts.
    private mutating func somethingHappens() throws {
        let live = machine.instances.filter {
            [.running, .reverting, .backingOff, .waiting].contains(machine[$0].status)
        }
        guard let id = live.randomElement(using: &random) else {
            Issue.record("nothing is under way, and the run is not settled: \(machine.status), \(state.states)")
            throw InvalidEvent("the run hangs")
        }
        if chance(25), machine.status == .running {
            return try state.apply(
                chance(2) && machine.instances.allSatisfy { machine[$0].status != .unknown }
                    ? .rollbackRequested(by: .policy, reason: nil) : .cancelRequested(by: .policy, reason: nil))
        }
        switch machine[id].phase {
        case .running: try attemptGoesOn(id)
        case .reverting:
            let outcomes: [RunEvent] = [
                .reverted(id, left: []), .reverted(id, left: ["x"]), .revertInterrupted(id),
                .revertFailed(id, StepError(.transient, "x"), retryAt: state.now),
                .revertFailed(id, StepError(.permanent, "x"), retryAt: nil),
            ]
            try state.apply(outcomes.randomElement(using: &random) ?? outcomes[0])
        case .waiting(.approval) where machine.status == .running && chance(2):
            try state.apply(.rejected(id, by: .policy, reason: nil))
        case .waiting(.signal(let name, _)) where machine.status == .running && chance(2):
            try state.apply(.signalReceived(name: name, data: 1, by: .policy))
        case .waiting(.run): try state.apply(chance(3) ? .failed(id) : .succeeded(id))
        default: try state.apply(.timerFired(id))
        }
    }

    private mutating func attemptGoesOn(_ id: InstanceID) throws {
        let isCancelling = machine.status == .cancelling
        let outcomes: [RunEvent] = [
            .attemptPrepared(id, prior: .integer(machine[id].attempts)), .succeeded(id), .succeeded(id, changed: false),
            .failed(id, .permanent),
            .failed(id, isCancelling ? .cancelled : .transient, retryAt: isCancelling ? nil : state.now),
            .failed(id, .timedOut, retryAt: isCancelling ? nil : state.now), .attemptInterrupted(id, reason: "killed"),
            .outcomeUnknown(id, reason: "lost"), .waitStarted(id, .timer(until: state.now)),
            .waitStarted(id, .approval(message: "?", expires: state.now)),
            .waitStarted(id, .signal(name: "s", expires: state.now)), .waitStarted(id, .run(RunID("child"))),
        ]
        // Mostly well, so that long runs come far.
        try state.apply(chance(2) ? .succeeded(id) : outcomes.randomElement(using: &random) ?? outcomes[0])
    }

    /// An operator acts on a run that stands; false where there is nothing to do.
    private mutating func intervene() throws -> Bool {
        interventions -= 1
        let unknown = machine.instances.filter { machine[$0].status == .unknown }
        if let id = unknown.randomElement(using: &random) {
            let resolutions: [Resolution] = [.adopt(output: [:]), .redo, .discard]
            interventions += 1
            let resolution = resolutions.randomElement(using: &random) ?? .redo
            try state.apply(.resolved(id, resolution, by: .policy, reason: "r"))
            return true
        }
        switch machine.status {
        case .failed where chance(4): try state.apply(.rollbackRequested(by: .policy, reason: nil))
        case .failed where chance(4):
            guard let id = machine.instances.first(where: { machine[$0].status == .failed }) else { fallthrough }
            try state.apply(.skipped(id, reason: "r", by: .policy))
        case .failed, .unknown, .cancelled: try state.apply(.resumed(by: .policy))
        case .succeeded:
            let step = Int.random(in: 0..<steps.count, using: &random)
            try state.apply(.retryRequested(from: step, by: .policy))
        case .rollbackFailed: try state.apply(.rollbackRequested(by: .policy, reason: nil))
        default: return false
        }
        return true
    }

    private mutating func check() throws {
        let states = machine.instances.map { ($0, machine[$0].status) }
        let workers =
            states.count { $0.1 == .running || $0.1 == .reverting }
            - machine.instances.count { if case .revertBackingOff = machine[$0].phase { true } else { false } }
        #expect(workers <= parallel)
        for step in steps.indices {
            guard let limit = steps[step].maxParallel, steps[step].forEach != nil else { continue }
            #expect(machine.steps[step].instances.count { $0.phase == .running || $0.phase == .reverting } <= limit)
        }
        finished = Set(states.filter { $0.1 == .succeeded }.map(\.0))
    }

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
}
