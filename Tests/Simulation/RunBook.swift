import Workflow

/// What the auditor knows of one run.
final class RunBook {
    struct AttemptKey: Hashable {
        var id: InstanceID
        var attempt: Int
    }

    let id: RunID
    private(set) var machine: RunMachine?
    private(set) var started: Set<AttemptKey> = []
    private(set) var prepared: Set<AttemptKey> = []
    private(set) var revertStarted: Set<AttemptKey> = []
    /// Done, and not set back since.
    private(set) var finished: Set<InstanceID> = []
    private var running: Set<InstanceID> = []

    init(_ id: RunID) {
        self.id = id
    }

    var status: RunStatus? { machine?.status }

    func take(_ entry: JournalBatch.Entry, in simulation: Simulation, _ auditor: Auditor) {
        for event in entry.events {
            let before = machine
            do {
                if machine == nil {
                    guard case .created(let header) = event, let graph = simulation.graph(header.bundle) else {
                        return auditor.fail(.folds, "run \(id) does not begin with its making")
                    }
                    machine = RunMachine(graph: graph)
                }
                try machine?.apply(event, at: entry.at)
            } catch {
                return auditor.fail(.folds, "run \(id): \(error)")
            }
            guard let machine else { return }
            check(event, at: entry.at, before: before ?? machine, after: machine, simulation, auditor)
        }
    }

    private func check(
        _ event: RunEvent, at time: Timestamp, before: RunMachine, after: RunMachine, _ simulation: Simulation,
        _ auditor: Auditor
    ) {
        if let actor = event.operatorName { auditor.asked(by: actor) }
        if before.status == .rolledBack || before.status.isSettled && !event.opensSettled {
            auditor.fail(.terminalAbsorbs, "\(id) is \(before.status), and takes \(event.summary(in: after.graph))")
        }
        switch event {
        case .attemptStarted(let instance, let attempt): start(instance, attempt, before, after, auditor)
        case .attemptPrepared(let instance, _):
            prepared.insert(AttemptKey(id: instance, attempt: after[instance].attempts))
        case .revertStarted(let instance, let attempt): startRevert(instance, attempt, after, auditor)
        case .expanded(let step, _):
            // The stand-in of a list that could not be read goes, with its attempts.
            started = started.filter { $0.id.step != step }
        case .retryRequested(let step?, _):
            // What needs it is done anew as well.
            var again: Set<Int> = [step]
            for (index, node) in after.graph.nodes.enumerated().sorted(by: {
                depth($0.offset, after) < depth($1.offset, after)
            })
            where node.needs.contains(where: { again.contains($0) }) { again.insert(index) }
            finished = finished.filter { !again.contains($0.step) }
        case .timerFired(let instance):
            if let deadline = before[instance].deadline, time < deadline, !simulation.hasClockJumps {
                auditor.fail(
                    .timersKeepTime, "\(id)/\(after.graph.name(of: instance)) woke at \(time), not \(deadline)")
            }
        default: break
        }
        follow(before, after, auditor)
    }

    private func depth(_ step: Int, _ machine: RunMachine) -> Int {
        1 + (machine.graph.nodes[step].needs.map { depth($0, machine) }.max() ?? 0)
    }

    private func start(
        _ instance: InstanceID, _ attempt: Int, _ before: RunMachine, _ after: RunMachine, _ auditor: Auditor
    ) {
        let name = "\(id)/\(after.graph.name(of: instance))"
        if !started.insert(AttemptKey(id: instance, attempt: attempt)).inserted {
            auditor.fail(.finishedOnce, "\(name): attempt \(attempt) starts twice")
        }
        if finished.contains(instance) { auditor.fail(.finishedOnce, "\(name) is done, and starts again") }
        for need in after.graph.nodes[instance.step].needs {
            let isDone =
                after.graph.nodes[need].isForEach
                ? after.steps[need].isDone
                    && after.steps[need].instances.indices.allSatisfy {
                        finished.contains(InstanceID(need, item: $0))
                    } : finished.contains(InstanceID(need))
            if !isDone { auditor.fail(.needsFirst, "\(name) starts before \(after.graph.nodes[need].id)") }
        }
    }

    /// Nothing that needs the step, however far away, may still be there.
    private func startRevert(_ instance: InstanceID, _ attempt: Int, _ machine: RunMachine, _ auditor: Auditor) {
        revertStarted.insert(AttemptKey(id: instance, attempt: attempt))
        var stack = machine.graph.nodes[instance.step].neededBy
        var seen: Set<Int> = []
        while let step = stack.popLast() {
            guard seen.insert(step).inserted else { continue }
            let node = machine.graph.nodes[step]
            stack += node.neededBy
            if node.rollback != .skip, machine.steps[step].instances.contains(where: { $0.effect != .none }) {
                auditor.fail(
                    .revertsInOrder, "\(id)/\(machine.graph.name(of: instance)) is reverted before \(node.id)")
            }
        }
    }

    /// What an event did to every instance.
    private func follow(_ before: RunMachine, _ after: RunMachine, _ auditor: Auditor) {
        running = []
        for step in after.steps.indices {
            var active = 0
            for index in after.steps[step].instances.indices {
                let instance = InstanceID(step, item: after.graph.nodes[step].isForEach ? index : nil)
                let now = after.steps[step].instances[index]
                let was = before.contains(instance) ? before[instance].status : .pending
                switch now.status {
                case _ where now.status == .running || now.status == .reverting && now.deadline == nil:
                    running.insert(instance)
                    active += 1
                case .succeeded, .skipped:
                    if was != now.status, !finished.insert(instance).inserted {
                        auditor.fail(.finishedOnce, "\(id)/\(after.graph.name(of: instance))")
                    }
                default: break
                }
                if [.succeeded, .skipped].contains(was), was != now.status, finished.contains(instance),
                    after.status != .rollingBack
                {
                    auditor.fail(
                        .terminalAbsorbs, "\(id)/\(after.graph.name(of: instance)) was \(was), is \(now.status)")
                }
            }
            if let limit = after.graph.nodes[step].maxParallel, active > limit,
                [.running, .rollingBack].contains(after.status)
            {
                auditor.fail(.limits, "\(id)/\(after.graph.nodes[step].id) has \(active) items under way of \(limit)")
            }
        }
        if running.count > max(1, after.header?.parallel ?? 1) {
            auditor.fail(.limits, "\(id) has \(running.count) attempts under way")
        }
    }
}

extension RunEvent {
    /// Who asked for it, where somebody of the simulation did.
    fileprivate var operatorName: Actor? {
        let actor: Actor? =
            switch self {
            case .created(let header): header.by
            case .skipped(_, _, let by): by
            case .signalReceived(_, _, let by), .approved(_, let by, _), .rejected(_, let by, _),
                .resolved(_, _, let by, _), .cancelRequested(let by, _), .rollbackRequested(let by, _),
                .resumed(let by), .retryRequested(_, let by):
                by
            default: nil
            }
        return actor.flatMap { $0.name.hasPrefix("op") ? $0 : nil }
    }

    /// What a run that has ended may take in.
    fileprivate var opensSettled: Bool {
        switch self {
        case .skipped(_, _, let by): by != nil
        case .approved, .rejected, .resolved, .cancelRequested, .rollbackRequested, .resumed, .retryRequested: true
        default: false
        }
    }
}
