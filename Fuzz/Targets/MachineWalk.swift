import Workflow

/// Takes a machine through a run, and sees to it that it takes in what it asks for itself.
struct MachineWalk {
    private(set) var machine: RunMachine
    /// What has happened, to be folded again.
    private(set) var journal: [(event: RunEvent, time: Timestamp)] = []
    private var now = Timestamp(milliseconds: 1_000_000)

    init(_ definition: WorkflowDefinition) {
        machine = RunMachine(
            graph: RunGraph(definition) { kind in
                switch kind {
                case "final": .impossible("it was sent")
                case "reader": .nothing
                default: .automatic
                }
            })
    }

    static let header = RunHeader(workflow: "test", version: 1, bundle: "abc", parallel: 2, by: Actor("ada@host"))

    /// Takes in an event; false where the machine refuses it, which must leave it as it was.
    mutating func apply(_ event: RunEvent) throws(BrokenProperty) -> Bool {
        let before = machine
        do throws(InvalidEvent) {
            try machine.apply(event, at: now)
        } catch {
            try require(machine == before, "the refused event has changed the machine: \(event)")
            return false
        }
        journal.append((event, now))
        now.milliseconds += 1
        return true
    }

    /// Does what the machine asks for: the command of this number. Nothing where it asks for nothing.
    mutating func follow(_ number: Int) throws(BrokenProperty) {
        let commands = machine.next()
        guard !commands.isEmpty else { return }
        let event: RunEvent =
            switch commands[number % commands.count] {
            case .evaluate(let step) where machine.graph.nodes[step].isForEach: .expanded(step: step, items: [1, 2, 3])
            case .evaluate(let step): .attemptStarted(InstanceID(step), attempt: machine[InstanceID(step)].attempts + 1)
            case .startAttempt(let id, let attempt): .attemptStarted(id, attempt: attempt)
            case .startRevert(let id, let attempt): .revertStarted(id, attempt: attempt)
            case .beginRollback: .rollbackRequested(by: .policy, reason: nil)
            case .settle(let status): .settled(status, outputs: [:])
            }
        try require(try apply(event), "the machine refuses what it has asked for: \(event)")
    }

    /// Starts a run and lets everything go well.
    mutating func succeed() throws(BrokenProperty) {
        for event in [RunEvent.created(Self.header), .admitted] {
            try require(try apply(event), "a new machine refuses \(event)")
        }
        // A step takes two events, its evaluation one more; a `for_each` has three items.
        for _ in 0...machine.steps.count * 10 where !machine.status.isSettled {
            if machine.next().isEmpty {
                guard let id = machine.instances.first(where: { machine[$0].status == .running }) else { break }
                try require(
                    try apply(.attemptSucceeded(id, output: [:], sealed: nil, changed: true)), "no end for \(id)")
            } else {
                try follow(0)
            }
        }
        try require(machine.status == .succeeded, "the run stands still, \(machine.status)")
    }

    /// Folding what has happened gives the same machine.
    func checkFold() throws {
        var folded = RunMachine(graph: machine.graph)
        for (event, time) in journal { try folded.apply(event, at: time) }
        try require(folded == machine, "the journal folds to another machine")
    }
}
