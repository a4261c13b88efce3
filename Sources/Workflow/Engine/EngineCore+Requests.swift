extension EngineCore {
    /// Does what was asked, or says why it does not fit.
    func answer(_ request: EngineRequest, _ reply: EngineReply) {
        // What another process asked for waits for the next owner.
        if isStopped, case .journal = reply { return }
        do {
            try perform(request)
            self.reply(.done, to: reply)
        } catch {
            self.reply(.refused(error.description), to: reply)
        }
    }

    private func perform(_ request: EngineRequest) throws(InvalidEvent) {
        if isStopped { throw InvalidEvent("the engine is stopping") }
        if case .start(let id, let header, let sealed) = request { return try start(id, header, sealedSecrets: sealed) }
        guard let run = runs[request.run] else { throw InvalidEvent(absence(of: request.run)) }
        switch request {
        case .start: break
        case .cancel(_, let actor, let reason):
            wake(run)
            try tryRecord(.cancelRequested(by: actor, reason: reason), in: run)
            cancelWorkIfNeeded(of: run)
        case .rollback(_, let actor, let reason):
            if run.machine.status.isSettled { try requireFreeGroup(run) }
            wake(run)
            try tryRecord(.rollbackRequested(by: actor, reason: reason), in: run)
            cancelWorkIfNeeded(of: run)
        case .resume(_, let actor, let sealed):
            if let sealed {
                run.open(sealedSecrets: sealed)
                keepSecrets(of: run.id, sealed: sealed)
            }
            // One that was held back goes on waiting for its turn.
            if run.machine.status != .pending { try requireFreeGroup(run) }
            // A run that was only interrupted goes on as soon as somebody drives it.
            if run.machine.status.isSettled {
                try tryRecord(.resumed(by: actor), in: run)
                run.isAwake = true
                armTimers(of: run)
            }
            wake(run)
            admitPending()
        case .retry(_, let step, let actor):
            try requireFreeGroup(run)
            let index = try step.map { name throws(InvalidEvent) in try self.index(of: name, in: run) }
            try tryRecord(.retryRequested(from: index, by: actor), in: run)
            run.isAwake = true
            armTimers(of: run)
        case .skip(_, let step, let actor, let reason):
            try tryRecord(.skipped(try instance(named: step, in: run), reason: reason, by: actor), in: run)
        case .approve(_, let step, let actor, let reason):
            try tryRecord(.approved(try instance(named: step, in: run), by: actor, reason: reason), in: run)
        case .reject(_, let step, let actor, let reason):
            try tryRecord(.rejected(try instance(named: step, in: run), by: actor, reason: reason), in: run)
        case .signal(_, let name, let data, let actor):
            try tryRecord(.signalReceived(name: name, data: run.redactor.redact(data), by: actor), in: run)
        case .resolve(_, let step, let resolution, let actor, let reason):
            try tryRecord(
                .resolved(try instance(named: step, in: run), resolution, by: actor, reason: reason), in: run)
        }
        advance(run)
    }

    private func start(_ id: RunID, _ header: RunHeader, sealedSecrets: String?) throws(InvalidEvent) {
        guard let (workflow, _) = workflow(header.bundle) else { throw InvalidEvent(absence(of: id)) }
        var header = header
        if let rule = workflow.definition.concurrency, header.group == nil {
            header.group = try group(rule, header)
            if rule.onConflict == .reject, let holder = holder(of: header.group, besides: id) {
                throw InvalidEvent(holder.description)
            }
        }
        try begin(id, header, workflow, sealedSecrets: sealedSecrets)
    }

    /// The value of a concurrency group.
    func group(_ rule: ConcurrencyRule, _ header: RunHeader) throws(InvalidEvent) -> String {
        do {
            let value = try rule.group.evaluate(in: Scope(names: ["inputs": .object(header.inputs)]))
            return value.stringValue ?? value.canonicalJSON
        } catch {
            throw InvalidEvent("its concurrency group has no value: \(error)")
        }
    }

    /// Makes a run. The workflow's bundle must be stored.
    func begin(
        _ id: RunID, _ header: RunHeader, _ workflow: Workflow, sealedSecrets: String?
    ) throws(InvalidEvent) {
        if runs[id] != nil { throw InvalidEvent("there is a run \(id) already") }
        let graph = self.workflow(header.bundle)?.graph ?? register(workflow, hash: header.bundle).graph
        let run = ActiveRun(id: id, workflow: workflow, machine: RunMachine(graph: graph), sealer: engine.sealer)
        run.isAwake = true
        runs[id] = run
        take(id)
        if let sealedSecrets {
            run.open(sealedSecrets: sealedSecrets)
            keepSecrets(of: id, sealed: sealedSecrets)
        }
        try tryRecord(.created(header), in: run)
        if let holder = holder(of: header.group, besides: id) {
            note("held back: \(holder)", of: run)
            hold(run)
        } else {
            try tryRecord(.admitted, in: run)
            advance(run)
        }
    }

    /// Ends the attempts of a run that is being cancelled, and its sub-runs.
    func cancelWorkIfNeeded(of run: ActiveRun) {
        guard run.machine.status == .cancelling else { return }
        cancelWork(of: run)
        for instance in run.machine.instances {
            guard case .waiting(.run(let id)) = run.machine[instance].phase, let child = runs[id],
                !child.machine.status.isSettled, child.machine.status != .cancelling
            else { continue }
            do {
                try tryRecord(.cancelRequested(by: Actor("run \(run.id)"), reason: nil), in: child)
                cancelWorkIfNeeded(of: child)
                advance(child)
            } catch {
                // It is rolling back by itself, and reports when that is done.
                continue
            }
        }
    }

    /// - Throws: Where another run holds the group of this one.
    private func requireFreeGroup(_ run: ActiveRun) throws(InvalidEvent) {
        if let holder = holder(of: run.machine.header?.group, besides: run.id) {
            throw InvalidEvent(holder.description)
        }
    }

    private func index(of name: String, in run: ActiveRun) throws(InvalidEvent) -> Int {
        guard let index = run.machine.graph.index[name] else { throw unknownStep(name, run) }
        return index
    }

    private func instance(named name: String, in run: ActiveRun) throws(InvalidEvent) -> InstanceID {
        guard let instance = run.machine.graph.instance(named: name) else { throw unknownStep(name, run) }
        return instance
    }

    private func unknownStep(_ name: String, _ run: ActiveRun) -> InvalidEvent {
        InvalidEvent(
            "run \(run.id) has no step '\(name)'; its steps: \(run.definition.steps.map(\.id).joined(separator: ", "))")
    }
}
