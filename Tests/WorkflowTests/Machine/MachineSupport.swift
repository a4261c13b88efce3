import Workflow

/// A run of a machine alone: events go in one by one, and are kept to be folded again.
struct MachineRun {
    private(set) var machine: RunMachine
    private(set) var events: [(RunEvent, Timestamp)] = []
    var now = Timestamp(milliseconds: 1_000_000)

    static let operatorName = Actor("ada@host")

    init(_ steps: [StepDefinition], onFailure: WorkflowDefinition.OnFailure = .stop) {
        let definition = WorkflowDefinition(name: "test", steps: steps, onFailure: onFailure)
        machine = RunMachine(
            graph: RunGraph(definition) { kind in
                switch kind {
                case "final": .impossible("it was sent")
                case "reader": .nothing
                default: .automatic
                }
            })
    }

    /// A run that was created and admitted.
    static func begun(
        _ steps: [StepDefinition], onFailure: WorkflowDefinition.OnFailure = .stop, parallel: Int = 8
    ) throws -> MachineRun {
        var run = MachineRun(steps, onFailure: onFailure)
        try run.apply(.created(header(parallel: parallel)), .admitted)
        return run
    }

    static func header(parallel: Int = 8) -> RunHeader {
        RunHeader(
            workflow: "test", version: 3, bundle: "abc", inputs: ["size": 3, "name": "zürich\n"],
            secretSources: ["token": "env:TOKEN"], parallel: parallel, by: operatorName, group: "g",
            parent: RunHeader.Parent(run: RunID("r0"), step: "child[2]"))
    }

    mutating func apply(_ events: RunEvent...) throws(InvalidEvent) {
        for event in events {
            try machine.apply(event, at: now)
            self.events.append((event, now))
            now.milliseconds += 1
        }
    }

    /// Does what the machine asks for, until it waits: attempts and reverts start, nothing ends.
    mutating func proceed() throws(InvalidEvent) {
        while let command = machine.next().first {
            switch command {
            case .evaluate(let step): try apply(.attemptStarted(InstanceID(step), attempt: 1))
            case .startAttempt(let id, let attempt): try apply(.attemptStarted(id, attempt: attempt))
            case .startRevert(let id, let attempt): try apply(.revertStarted(id, attempt: attempt))
            case .beginRollback: try apply(.rollbackRequested(by: .policy, reason: nil))
            case .settle(let status): try apply(.settled(status, outputs: [:]))
            }
        }
    }

    /// Starts, applies and ends steps one after the other, each of which must be ready.
    mutating func finish(_ steps: Int...) throws(InvalidEvent) {
        for step in steps {
            try proceed()
            try apply(.attemptPrepared(InstanceID(step), prior: .null), .succeeded(InstanceID(step)))
        }
        try proceed()
    }

    /// The machine that the kept events give, through their stored form.
    func folded() throws -> RunMachine {
        var folded = RunMachine(graph: machine.graph)
        for (event, time) in events {
            try folded.apply(RunEvent(stored: Value(json: event.stored().canonicalJSON)), at: time)
        }
        return folded
    }

    /// The steps' states in a line, an item's by its own name.
    var states: String {
        machine.instances.map { "\(machine.graph.name(of: $0)) \(machine[$0].status.rawValue)" }.joined(separator: ", ")
    }
}

extension RunEvent {
    static func succeeded(_ id: InstanceID, changed: Bool = true) -> RunEvent {
        .attemptSucceeded(id, output: ["of": .integer(id.step)], sealed: nil, changed: changed)
    }

    static func failed(_ id: InstanceID, _ kind: StepError.Kind = .permanent, retryAt: Timestamp? = nil) -> RunEvent {
        .attemptFailed(id, StepError(kind, "it broke"), retryAt: retryAt)
    }
}

extension StepDefinition {
    /// A step of a machine test: who it needs is all that counts.
    static func step(
        _ id: String, needs: [Int] = [], uses: String = "thing", forEach: Bool = false, when: Bool = false,
        maxParallel: Int? = nil, revert: Revert = .auto
    ) -> StepDefinition {
        StepDefinition(
            id, uses: uses, needs: needs, when: when ? .literal(true) : nil, forEach: forEach ? .literal([]) : nil,
            maxParallel: maxParallel, revert: revert)
    }
}
