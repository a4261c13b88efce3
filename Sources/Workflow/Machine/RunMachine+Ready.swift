extension RunMachine {
    /// Takes an entry out of the ready queue; it is nearly always the first.
    mutating func take(_ entry: Ready) {
        if ready.first == entry {
            ready.removeFirst()
        } else if let index = ready.firstIndex(of: entry) {
            ready.remove(at: index)
        }
    }

    /// Fills the ready queue anew from the phases of all instances.
    mutating func offerAll() {
        ready.removeAll()
        for step in steps.indices where !steps[step].isDone && steps[step].unmet == 0 { offer(step) }
    }

    private mutating func offer(_ step: Int) {
        guard steps[step].isEvaluated else { return ready.append(.evaluate(step)) }
        guard graph.nodes[step].isForEach else {
            if self[InstanceID(step)].phase == .pending { ready.append(.start(InstanceID(step))) }
            return
        }
        steps[step].offered = 0
        let limit = graph.nodes[step].maxParallel ?? Int.max
        var under = steps[step].instances.count { !$0.phase.isDone && $0.phase != .pending }
        while under < limit, steps[step].offered < steps[step].instances.count {
            if offerItem(of: step) { under += 1 }
        }
    }

    /// Offers the next item of a `for_each` that has not been offered; false where there is none.
    @discardableResult
    mutating func offerItem(of step: Int) -> Bool {
        guard graph.nodes[step].isForEach else { return false }
        while steps[step].offered < steps[step].instances.count {
            let id = InstanceID(step, item: steps[step].offered)
            steps[step].offered += 1
            if self[id].phase == .pending {
                ready.append(.start(id))
                return true
            }
        }
        return false
    }

    /// All of a step is done: the steps that waited for nothing else become ready.
    mutating func finish(step: Int) {
        guard !steps[step].isDone else { return }
        steps[step].isDone = true
        open -= 1
        for dependent in graph.nodes[step].neededBy {
            steps[dependent].unmet -= 1
            if steps[dependent].unmet == 0, status == .running { offer(dependent) }
        }
    }

    /// Sets what `matches` back to pending, with a new budget of retries, and lets the run go on.
    mutating func restart(where matches: (InstanceID, InstanceState.Phase) -> Bool) {
        for id in instances where matches(id, self[id].phase) {
            update(id) {
                $0.failures = 0
                $0.startedAt = nil
                $0.endedAt = nil
            }
            move(id, to: .pending)
        }
        for step in steps.indices where graph.nodes[step].isConditional { evaluateAgain(step) }
        for step in steps.indices {
            let count = steps[step].instances.count { !$0.phase.isDone }
            steps[step].undone = count
            steps[step].isDone = steps[step].isEvaluated && count == 0
        }
        for step in steps.indices { steps[step].unmet = graph.nodes[step].needs.count { !steps[$0].isDone } }
        open = steps.count { !$0.isDone }
        status = .running
        settledAt = nil
        outputs = [:]
        rollback = nil
        offerAll()
    }

    /// A step that has had no effect yet is evaluated anew: it may have failed for its `when` or `for_each`, and what
    /// those read may be another value now.
    private mutating func evaluateAgain(_ step: Int) {
        let instances = steps[step].instances
        guard !instances.isEmpty,
            instances.allSatisfy({ $0.phase == .pending && $0.effect == .none && $0.prior == nil })
        else { return }
        // Of a `for_each`, only one that got no items: those that were recorded stay.
        if graph.nodes[step].isForEach {
            guard steps[step].items == [.null] else { return }
            steps[step].items = nil
            steps[step].instances = []
        }
        steps[step].isEvaluated = false
    }
}
