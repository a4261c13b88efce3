/// How far a rollback has come.
struct RollbackState: Hashable, Sendable {
    /// For each step, how many of the steps that need it are not rolled back yet.
    var blockers: [Int]
    /// For each step, how many of its instances are still to be reverted.
    var remaining: [Int]
    /// For each step, how many of its instances were looked at for a revert, where `max_parallel` holds back the others.
    var offered: [Int]
    /// Steps behind a point of no return: left as they are.
    var blocked: Set<Int>
    /// Reverts that failed for good.
    var failed = 0
    /// Reverts that wait for their next attempt.
    var backingOff = 0

    var isIdle: Bool { backingOff == 0 }
    var isComplete: Bool { failed == 0 && blocked.isEmpty && remaining.allSatisfy { $0 == 0 } }
}

extension RunMachine {
    mutating func requestRollback(_ event: RunEvent) throws(InvalidEvent) {
        try require(unknown == 0, event)
        switch status {
        case .running where busy > 0, .cancelling:
            status = .cancelling
            ready.removeAll()
            rollsBackWhenIdle = true
        case .running, .succeeded, .failed, .unknown, .cancelled, .rollbackFailed: beginRollback()
        case .pending, .rollingBack, .rolledBack: try require(false, event)
        }
    }

    /// Reverts in reverse topological order: a step once all that need it are rolled back.
    mutating func beginRollback() {
        rollsBackWhenIdle = false
        status = .rollingBack
        settledAt = nil
        ready.removeAll()
        for id in instances {
            switch self[id].phase {
            // Nothing of the way forward wakes any more.
            case .backingOff, .waiting: move(id, to: .cancelled)
            default: break
            }
        }
        var state = RollbackState(
            blockers: graph.nodes.map(\.neededBy.count), remaining: steps.map { _ in 0 }, offered: steps.map { _ in 0 },
            blocked: pointsOfNoReturn())
        for id in instances where contains(id) && needsRevert(id) && !state.blocked.contains(id.step) {
            state.remaining[id.step] += 1
            if self[id].phase == .revertFailed { update(id) { $0.revertFailures = 0 } }
        }
        rollback = state
        for step in steps.indices where graph.nodes[step].neededBy.isEmpty { unblock(step) }
    }

    /// The steps whose effect cannot be undone, and all steps that they rest on.
    func pointsOfNoReturn() -> Set<Int> {
        var blocked: Set<Int> = []
        var stack = steps.indices.filter { step in
            graph.nodes[step].rollback == .stop && steps[step].instances.contains { $0.effect != .none }
        }
        while let step = stack.popLast() {
            if blocked.insert(step).inserted { stack.append(contentsOf: graph.nodes[step].needs) }
        }
        return blocked
    }

    func needsRevert(_ id: InstanceID) -> Bool {
        graph.nodes[id.step].rollback == .revert && self[id].effect != .none
    }

    /// All that need `step` are rolled back: its own reverts may start, or, where it has none, it is done itself.
    private mutating func unblock(_ step: Int) {
        var stack = [step]
        while let step = stack.popLast() {
            guard var state = rollback else { return }
            if state.remaining[step] > 0 {
                let limit = graph.nodes[step].maxParallel ?? .max
                for _ in 0..<min(state.remaining[step], limit) { offerNextRevert(of: step) }
                continue
            }
            for need in graph.nodes[step].needs {
                state.blockers[need] -= 1
                if state.blockers[need] == 0 { stack.append(need) }
            }
            rollback = state
        }
    }

    /// Offers the next instance of a step that is to be reverted, where there is one.
    private mutating func offerNextRevert(of step: Int) {
        while let next = rollback?.offered[step], next < steps[step].instances.count {
            rollback?.offered[step] = next + 1
            let id = InstanceID(step, item: graph.nodes[step].isForEach ? next : nil)
            if needsRevert(id) { return ready.append(.revert(id)) }
        }
    }

    mutating func offerRevert(_ id: InstanceID) {
        if status == .rollingBack { ready.append(.revert(id)) }
    }

    mutating func startRevert(_ id: InstanceID, _ attempt: Int, _ event: RunEvent) throws(InvalidEvent) {
        try require(
            status == .rollingBack && contains(id) && needsRevert(id) && attempt == self[id].revertAttempts + 1
                && ready.contains(.revert(id)), event)
        take(.revert(id))
        update(id) { $0.revertAttempts = attempt }
        move(id, to: .reverting)
    }

    mutating func finishRevert(
        _ id: InstanceID, _ left: [String], _ event: RunEvent, at time: Timestamp
    ) throws(InvalidEvent) {
        try require(contains(id) && self[id].phase == .reverting, event)
        update(id) {
            $0.left = left
            $0.effect = .none
            $0.failure = nil
            $0.endedAt = time
        }
        move(id, to: .reverted)
        rollback?.remaining[id.step] -= 1
        if rollback?.remaining[id.step] == 0 { unblock(id.step) } else { offerNextRevert(of: id.step) }
    }

    mutating func failRevert(
        _ id: InstanceID, _ error: StepError, _ retryAt: Timestamp?, _ event: RunEvent, at time: Timestamp
    ) throws(InvalidEvent) {
        try require(contains(id) && self[id].phase == .reverting, event)
        update(id) {
            $0.failure = error
            $0.revertFailures += 1
            $0.endedAt = time
        }
        move(id, to: retryAt.map { .revertBackingOff(until: $0) } ?? .revertFailed)
        guard retryAt == nil else {
            rollback?.backingOff += 1  // and keeps its place among those of `max_parallel`
            return
        }
        rollback?.failed += 1
        offerNextRevert(of: id.step)
    }
}
