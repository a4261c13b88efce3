import DequeModule

/// One run as a value. It changes in one place, `apply`, and what to do next follows from it alone.
///
/// No clock, no chance, no I/O: those enter as data inside events. Folding a journal's events over a new machine gives
/// the machine that wrote them.
public struct RunMachine: Equatable, Sendable {
    public let graph: RunGraph
    /// Nil until `created` was applied.
    public internal(set) var header: RunHeader?
    public internal(set) var status: RunStatus = .pending
    public internal(set) var steps: [StepState]
    /// The workflow's outputs; empty until the run has succeeded.
    public internal(set) var outputs: [String: Value] = [:]
    /// Signals that came before their step waited for them, oldest first.
    public internal(set) var signals: [Signal] = []
    public internal(set) var createdAt: Timestamp?
    public internal(set) var settledAt: Timestamp?

    /// What may start, in the order in which it became possible.
    var ready: Deque<Ready> = []
    var workers = 0
    var busy = 0
    var failed = 0
    var unknown = 0
    /// Steps that are not done yet.
    var open: Int
    /// A rollback was asked for while attempts were still under way; it begins when they have ended, unless one of them
    /// ended with an unknown outcome.
    var rollsBackWhenIdle = false
    var rollback: RollbackState?

    enum Ready: Hashable, Sendable {
        case evaluate(Int)
        case start(InstanceID)
        case revert(InstanceID)
    }

    public struct StepState: Hashable, Sendable {
        /// One for a plain step; one for each item of an expanded `for_each`; none before.
        public internal(set) var instances: [InstanceState]
        /// The items of an expanded `for_each`.
        public internal(set) var items: [Value]?
        /// How many needed steps are not done.
        var unmet: Int
        /// How many instances are not done.
        var undone: Int
        public internal(set) var isDone = false
        /// How many instances were put into the ready queue, where `max_parallel` holds back the others.
        var offered = 0
        var isEvaluated: Bool
    }

    /// A message from outside that nobody has waited for yet.
    public struct Signal: Hashable, Sendable {
        public var name: String
        public var data: Value
        public var by: Actor
    }

    public init(graph: RunGraph) {
        self.graph = graph
        steps = graph.nodes.map { node in
            StepState(
                instances: node.isForEach ? [] : [InstanceState()], unmet: node.needs.count,
                undone: node.isForEach ? 0 : 1, isEvaluated: !node.isConditional)
        }
        open = steps.count
    }

    /// What to do now. Empty where the run waits for something that is under way, or is settled.
    public func next() -> [RunCommand] {
        if let end { return [end] }
        guard status == .running || status == .rollingBack else { return [] }
        return ready.prefix(freeWorkers).map(command)
    }

    /// The first of `next`, found in constant time. Changes nothing: `mutating` as it is asked before each command, and the
    /// machine would else be copied for it.
    mutating func nextCommand() -> RunCommand? {
        if let end { return end }
        guard status == .running || status == .rollingBack, freeWorkers > 0 else { return nil }
        return ready.first.map(command)
    }

    private var freeWorkers: Int {
        guard failed + unknown == 0 || status != .running else { return 0 }
        return max(0, max(1, header?.parallel ?? 1) - workers)
    }

    /// What ends the run's present course; nil while there is something else to do or to wait for.
    private var end: RunCommand? {
        switch status {
        case .running where failed + unknown > 0:
            guard busy == 0 else { return nil }
            if unknown > 0 { return .settle(.unknown) }
            return graph.onFailure == .rollback ? .beginRollback : .settle(.failed)
        case .running where open == 0: return .settle(.succeeded)
        case .cancelling where busy == 0: return .settle(rollsBackWhenIdle ? .unknown : .cancelled)
        case .rollingBack where busy == 0 && ready.isEmpty && rollback?.isIdle != false:
            return .settle(rollback?.isComplete == true ? .rolledBack : .rollbackFailed)
        default: return nil
        }
    }

    private func command(_ ready: Ready) -> RunCommand {
        switch ready {
        case .evaluate(let step): .evaluate(step: step)
        case .start(let id): .startAttempt(id, attempt: self[id].attempts + 1)
        case .revert(let id): .startRevert(id, attempt: self[id].revertAttempts + 1)
        }
    }

    /// The state of an instance.
    ///
    /// - Precondition: The instance exists: `contains` says so.
    public subscript(id: InstanceID) -> InstanceState {
        // Lends instead of copying: most who ask want one field of a large state.
        _read { yield steps[id.step].instances[id.item ?? 0] }
    }

    public func contains(_ id: InstanceID) -> Bool {
        steps.indices.contains(id.step) && graph.nodes[id.step].isForEach == (id.item != nil)
            && steps[id.step].instances.indices.contains(id.item ?? 0)
    }

    /// All instances there are, in the order of the file.
    public var instances: [InstanceID] {
        steps.indices.flatMap { step in
            graph.nodes[step].isForEach
                ? steps[step].instances.indices.map { InstanceID(step, item: $0) } : [InstanceID(step)]
        }
    }

    /// Whether something is being done or about to be: false where the run is settled, or all that it waits for is an
    /// approval, a signal, a moment, or its group.
    public var isAtWork: Bool {
        guard !status.isSettled else { return false }
        return workers > 0 || !ready.isEmpty || status == .cancelling
            || instances.contains { [.backingOff, .reverting].contains(self[$0].status) }
    }

    /// The events that a new owner of the journal adds for work that was under way when the old one ended.
    public var interruptions: [RunEvent] {
        guard busy > 0 else { return [] }
        return instances.compactMap { id in
            switch self[id].phase {
            case .running: .attemptInterrupted(id, reason: "the runner that ran it ended")
            case .reverting: .revertInterrupted(id)
            default: nil
            }
        }
    }

    /// What wakes by itself, and when.
    public var timers: [(instance: InstanceID, at: Timestamp)] {
        guard !status.isSettled else { return [] }
        return instances.compactMap { id in self[id].deadline.map { (id, $0) } }
    }
}
