extension RunMachine {
    /// Takes in one event.
    ///
    /// - Parameter time: When it happened: the time of its journal entry.
    /// - Throws: `InvalidEvent` where it does not fit; the machine is unchanged then.
    public mutating func apply(_ event: RunEvent, at time: Timestamp) throws(InvalidEvent) {
        if createdAt == nil, case .created = event {
        } else if createdAt == nil {
            throw InvalidEvent("the journal of a run must begin with 'created', not with \(event)")
        }
        switch event {
        case .created(let header): try create(header, at: time)
        case .admitted:
            try require(status == .pending, event)
            status = .running
            offerAll()
        case .expanded(let step, let items): try expand(step, items, event)
        case .skipped(let id, let reason, let actor): try skip(id, reason, byOperator: actor != nil, event, at: time)
        case .attemptStarted(let id, let attempt): try startAttempt(id, attempt, event, at: time)
        case .attemptPrepared(let id, let prior):
            try require(contains(id) && self[id].phase == .running, event)
            update(id) {
                $0.prior = $0.prior ?? prior
                $0.isPrepared = true
                $0.isInDoubt = false
                if $0.effect == .none { $0.effect = .possible }
            }
        case .attemptSucceeded(let id, let output, let sealed, let changed):
            try require(contains(id) && (self[id].phase == .running || waitsForRun(id)), event)
            update(id) {
                $0.output = output
                $0.sealed = sealed
                $0.effect = changed ? .certain : .none
                $0.isInDoubt = false
                $0.failure = nil
                $0.endedAt = time
            }
            move(id, to: .succeeded)
        case .attemptFailed(let id, let error, let retryAt):
            try require(contains(id) && (self[id].phase == .running || waitsForRun(id)), event)
            let isCancelled = error.kind == .cancelled && status == .cancelling
            update(id) {
                $0.failure = error
                if error.kind.leavesDoubt, $0.isPrepared { $0.isInDoubt = true }
                $0.endedAt = time
                if !isCancelled { $0.failures += 1 }
            }
            move(id, to: isCancelled ? .cancelled : retryAt.map { .backingOff(until: $0) } ?? .failed)
        case .attemptInterrupted(let id, _):
            try require(contains(id) && self[id].phase == .running, event)
            update(id) {
                if $0.isPrepared { $0.isInDoubt = true }
                $0.startedAt = nil
            }
            move(id, to: .pending)
            if status == .running { ready.append(.start(id)) }
        case .outcomeUnknown(let id, let reason):
            try require(contains(id) && self[id].phase == .running, event)
            update(id) { $0.endedAt = time }
            move(id, to: .unknown(reason: reason))
        case .waitStarted(let id, let wait):
            try require(contains(id) && self[id].phase == .running, event)
            if case .run = wait { update(id) { $0.effect = .possible } }
            move(id, to: .waiting(wait))
            if case .signal(let name, _) = wait, let index = signals.firstIndex(where: { $0.name == name }) {
                deliver(signals.remove(at: index), to: id, at: time)
            }
        case .timerFired(let id): try fireTimer(id, event, at: time)
        case .signalReceived(let name, let data, let actor):
            try require(status == .pending || status == .running, event)
            receive(Signal(name: name, data: data, by: actor), at: time)
        case .approved(let id, let actor, let reason):
            try decide(id, by: actor, reason, approved: true, event, at: time)
        case .rejected(let id, let actor, let reason):
            try decide(id, by: actor, reason, approved: false, event, at: time)
        case .resolved(let id, let resolution, _, _): try resolve(id, resolution, event, at: time)
        case .cancelRequested:
            try require([.pending, .running, .failed, .unknown, .cancelling].contains(status), event)
            status = .cancelling
            ready.removeAll()
        case .rollbackRequested: try requestRollback(event)
        case .resumed:
            try require([.failed, .unknown, .cancelled].contains(status) && unknown == 0, event)
            restart { _, phase in phase.goesOnWhenResumed }
        case .retryRequested(let step, _): try retry(from: step, event)
        case .revertStarted(let id, let attempt): try startRevert(id, attempt, event)
        case .reverted(let id, let left): try finishRevert(id, left, event, at: time)
        case .revertFailed(let id, let error, let retryAt): try failRevert(id, error, retryAt, event, at: time)
        case .revertInterrupted(let id):
            try require(contains(id) && self[id].phase == .reverting, event)
            move(id, to: .revertFailed)
            offerRevert(id)
        case .settled(let status, let outputs):
            try require(nextCommand() == .settle(status), event)
            self.status = status
            rollsBackWhenIdle = false
            self.outputs = outputs
            settledAt = time
            ready.removeAll()
            if status == .cancelled { cancelRest(at: time) }
        }
        if status == .cancelling, rollsBackWhenIdle, busy == 0, unknown == 0 { beginRollback() }
    }

    /// Inlined, as the machine would be copied for each call.
    @inline(__always)
    func require(_ condition: Bool, _ event: RunEvent) throws(InvalidEvent) {
        if !condition { throw misfit(event) }
    }

    private func misfit(_ event: RunEvent) -> InvalidEvent {
        InvalidEvent("'\(event.summary(in: graph))' does not fit a run whose status is \(status.rawValue)")
    }

    private func waitsForRun(_ id: InstanceID) -> Bool {
        if case .waiting(.run) = self[id].phase { true } else { false }
    }

    mutating func update(_ id: InstanceID, _ change: (inout InstanceState) -> Void) {
        change(&steps[id.step].instances[id.item ?? 0])
    }

    /// Changes an instance's phase and keeps every count that follows from phases.
    mutating func move(_ id: InstanceID, to phase: InstanceState.Phase) {
        let old = self[id].phase
        update(id) { $0.phase = phase }
        workers += (phase.holdsWorker ? 1 : 0) - (old.holdsWorker ? 1 : 0)
        busy += (phase.isBusy ? 1 : 0) - (old.isBusy ? 1 : 0)
        failed += (phase == .failed ? 1 : 0) - (old == .failed ? 1 : 0)
        if case .unknown = phase { unknown += 1 }
        if case .unknown = old { unknown -= 1 }
        if phase.isDone, !old.isDone, rollback == nil {
            steps[id.step].undone -= 1
            offerItem(of: id.step)
            if steps[id.step].undone == 0 { finish(step: id.step) }
        }
    }

    private mutating func create(_ header: RunHeader, at time: Timestamp) throws(InvalidEvent) {
        if createdAt != nil { throw InvalidEvent("a run is created once") }
        self.header = header
        createdAt = time
    }

    private mutating func expand(_ step: Int, _ items: [Value], _ event: RunEvent) throws(InvalidEvent) {
        try require(
            status == .running && steps.indices.contains(step) && graph.nodes[step].isForEach
                && !steps[step].isEvaluated && steps[step].unmet == 0, event)
        take(.evaluate(step))
        steps[step].isEvaluated = true
        steps[step].items = items
        steps[step].instances = items.map { _ in InstanceState() }
        steps[step].undone = items.count
        if items.isEmpty { return finish(step: step) }
        for _ in 0..<min(items.count, graph.nodes[step].maxParallel ?? items.count) { offerItem(of: step) }
    }

    private mutating func skip(
        _ id: InstanceID, _ reason: String, byOperator: Bool, _ event: RunEvent, at time: Timestamp
    ) throws(InvalidEvent) {
        try require(steps.indices.contains(id.step), event)
        if byOperator {
            try require([.failed, .unknown, .cancelled].contains(status), event)
        } else {
            try require(status == .running && !steps[id.step].isEvaluated && steps[id.step].unmet == 0, event)
        }
        if graph.nodes[id.step].isForEach, id.item == nil {
            // A whole `for_each` that was never expanded.
            try require(!steps[id.step].isEvaluated, event)
            take(.evaluate(id.step))
            steps[id.step].isEvaluated = true
            return finish(step: id.step)
        }
        try require(contains(id), event)
        switch self[id].phase {
        case .pending, .failed, .cancelled: break
        case .unknown where byOperator: break
        default: try require(false, event)
        }
        take(steps[id.step].isEvaluated ? .start(id) : .evaluate(id.step))
        steps[id.step].isEvaluated = true
        update(id) {
            $0.isInDoubt = false
            $0.endedAt = time
        }
        move(id, to: .skipped(reason: reason))
        leaveUnknown()
    }

    private mutating func startAttempt(
        _ id: InstanceID, _ attempt: Int, _ event: RunEvent, at time: Timestamp
    ) throws(InvalidEvent) {
        guard status == .running, contains(id), self[id].phase == .pending, steps[id.step].unmet == 0,
            attempt == self[id].attempts + 1
        else { throw misfit(event) }
        take(steps[id.step].isEvaluated ? .start(id) : .evaluate(id.step))
        steps[id.step].isEvaluated = true
        update(id) {
            $0.attempts = attempt
            $0.isPrepared = false
            if !$0.isInDoubt { $0.effectBeforeDoubt = $0.effect }
            $0.startedAt = $0.startedAt ?? time
            $0.endedAt = nil
        }
        move(id, to: .running)
    }

    private mutating func fireTimer(_ id: InstanceID, _ event: RunEvent, at time: Timestamp) throws(InvalidEvent) {
        try require(contains(id), event)
        switch self[id].phase {
        case .backingOff:
            move(id, to: .pending)
            if status == .running { ready.append(.start(id)) }
        case .revertBackingOff:
            rollback?.backingOff -= 1
            move(id, to: .revertFailed)
            offerRevert(id)
        case .waiting(.timer):
            update(id) {
                $0.output = [:]
                $0.endedAt = time
            }
            move(id, to: .succeeded)
        case .waiting(.approval):
            fail(
                id, StepError(.permanent, "nobody approved it in time", remedy: "resume the run to ask again"), at: time
            )
        case .waiting(.signal(let name, _)):
            fail(
                id,
                StepError(.permanent, "signal '\(name)' did not come in time", remedy: "resume the run to wait again"),
                at: time)
        default: try require(false, event)
        }
    }

    private mutating func fail(_ id: InstanceID, _ error: StepError, at time: Timestamp) {
        update(id) {
            $0.failure = error
            $0.failures += 1
            $0.endedAt = time
        }
        move(id, to: .failed)
    }

    private mutating func receive(_ signal: Signal, at time: Timestamp) {
        let waiting = instances.first { id in
            if case .waiting(.signal(let name, _)) = self[id].phase { name == signal.name } else { false }
        }
        guard let waiting else { return signals.append(signal) }
        deliver(signal, to: waiting, at: time)
    }

    private mutating func deliver(_ signal: Signal, to id: InstanceID, at time: Timestamp) {
        update(id) {
            $0.output = ["data": signal.data, "by": .string(signal.by.name)]
            $0.endedAt = time
        }
        move(id, to: .succeeded)
    }

    private mutating func decide(
        _ id: InstanceID, by actor: Actor, _ reason: String?, approved: Bool, _ event: RunEvent, at time: Timestamp
    ) throws(InvalidEvent) {
        try require(contains(id), event)
        guard case .waiting(.approval) = self[id].phase, [.running, .failed, .unknown].contains(status) else {
            return try require(false, event)
        }
        if approved {
            update(id) {
                $0.output = [
                    "approved": true, "by": .string(actor.name), "reason": reason.map { .string($0) } ?? .null,
                ]
                $0.endedAt = time
            }
            move(id, to: .succeeded)
        } else {
            let why = reason.map { ": \($0)" } ?? ""
            fail(
                id, StepError(.permanent, "rejected by \(actor)\(why)", remedy: "resume the run to ask again"), at: time
            )
        }
    }

    private mutating func resolve(
        _ id: InstanceID, _ resolution: Resolution, _ event: RunEvent, at time: Timestamp
    ) throws(InvalidEvent) {
        try require(contains(id), event)
        guard case .unknown = self[id].phase else { return try require(false, event) }
        try require([.running, .unknown, .cancelled].contains(status), event)
        update(id) {
            $0.isInDoubt = false
            $0.failures = 0
            $0.startedAt = nil
        }
        switch resolution {
        case .adopt(let output):
            update(id) {
                $0.output = output
                $0.effect = .certain
                $0.endedAt = time
            }
            move(id, to: .succeeded)
        case .redo: move(id, to: .pending)
        case .discard:
            update(id) {
                $0.effect = $0.effectBeforeDoubt
                if $0.effect == .none { $0.prior = nil }
            }
            move(id, to: .pending)
        }
        if status == .running, self[id].phase == .pending { ready.append(.start(id)) }
        leaveUnknown()
    }

    /// The rest of a stopped run waits for `resume`, which has nothing against it once no outcome is unknown.
    private mutating func leaveUnknown() {
        if status == .unknown, unknown == 0 { status = .failed }
    }

    /// Nothing wakes or starts any more.
    private mutating func cancelRest(at time: Timestamp) {
        for id in instances {
            switch self[id].phase {
            case .pending, .backingOff, .waiting:
                update(id) { $0.endedAt = time }
                move(id, to: .cancelled)
            default: break
            }
        }
    }

    private mutating func retry(from step: Int?, _ event: RunEvent) throws(InvalidEvent) {
        try require([.succeeded, .failed, .cancelled, .unknown].contains(status) && unknown == 0, event)
        guard let step else { return restart { _, phase in phase.goesOnWhenResumed } }
        try require(steps.indices.contains(step), event)
        var again: Set<Int> = [step]
        var stack = [step]
        while let next = stack.popLast() {
            for dependent in graph.nodes[next].neededBy where again.insert(dependent).inserted {
                stack.append(dependent)
            }
        }
        for step in again {
            // The items of an expanded `for_each` stay: what was done for each of them must not be forgotten.
            steps[step].isEvaluated = !graph.nodes[step].isConditional || steps[step].items != nil
        }
        restart { id, phase in again.contains(id.step) || phase.goesOnWhenResumed }
    }
}
