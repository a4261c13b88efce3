/// Sub-runs: runs of their own, started, ended and rolled back by a step of another run.
extension EngineCore {
    /// Starts the sub-run of a step, or joins the one that an earlier attempt has made.
    func startChild(of run: ActiveRun, _ instance: InstanceID, _ input: StepInput) throws(StepError) {
        let child = run.id.child(run.name(of: instance))
        if run.machine[instance].effect != .none {
            record(.waitStarted(instance, .run(child)), in: run)
            return after(.send(.joinChild(run.id, instance)))
        }
        let path = try input.string("workflow")
        guard let workflow = run.workflow.children[path] else {
            throw StepError(.permanent, "the workflow '\(path)' is not part of this one's bundle")
        }
        let inputs = try childInputs(of: run, workflow.definition, input)
        var header = RunHeader(
            workflow: workflow.definition.name, version: workflow.definition.version, bundle: workflow.bundle.hash,
            inputs: inputs.open, parallel: run.machine.header?.parallel ?? 1, by: Actor("run \(run.id)"),
            parent: RunHeader.Parent(run: run.id, step: run.name(of: instance)))
        header.group = try ownGroup(of: child, header, workflow.definition, under: run)
        let sealed = try sealedSecrets(for: workflow.definition, child, input, inputs.secret)
        record(.waitStarted(instance, .run(child)), in: run)
        do {
            keepBundle(of: workflow)
            try begin(child, header, workflow, sealedSecrets: sealed)
        } catch {
            throw StepError(.conflict, String(describing: error), object: "run \(child)")
        }
    }

    /// The concurrency group that a sub-run takes for itself; nil where a run above it holds that group already: it would
    /// wait for its parent for ever.
    private func ownGroup(
        of child: RunID, _ header: RunHeader, _ definition: WorkflowDefinition, under run: ActiveRun
    ) throws(StepError) -> String? {
        guard let rule = definition.concurrency else { return nil }
        do throws(InvalidEvent) {
            let group = try group(rule, header)
            var above: ActiveRun? = run
            while let ancestor = above {
                if ancestor.machine.header?.group == group { return nil }
                above = (ancestor.machine.header?.parent?.run).flatMap { runs[$0] }
            }
            if rule.onConflict == .reject, let holder = holder(of: group, besides: child) {
                throw InvalidEvent(holder.description)
            }
            return group
        } catch {
            throw StepError(
                .conflict, error.description, object: "run \(child)",
                remedy: "once that run is over, resume this one: 'runner resume \(run.id)'")
        }
    }

    /// The inputs of a sub-run, checked: those for the journal, and those that are kept like secrets.
    private func childInputs(
        of run: ActiveRun, _ definition: WorkflowDefinition, _ input: StepInput
    ) throws(StepError) -> (open: [String: Value], secret: [String: String]) {
        let given = try input.object("inputs")
        var open: [String: Value]
        do {
            open = try definition.resolveInputs(given: given)
        } catch {
            throw StepError(.permanent, "the inputs do not fit workflow '\(definition.name)': \(error)")
        }
        var secret: [String: String] = [:]
        for input in definition.inputs where input.secret {
            guard let value = open.removeValue(forKey: input.name), !value.isNull else { continue }
            secret[input.name] = value.stringValue ?? value.canonicalJSON
        }
        guard !run.redactor.finds(in: .object(open)) else {
            throw StepError(
                .permanent, "the inputs of the sub-run hold a secret, and inputs are written to the journal",
                remedy: "pass it under 'secrets' of this step, or mark the input as secret")
        }
        return (open, secret)
    }

    private func sealedSecrets(
        for definition: WorkflowDefinition, _ child: RunID, _ input: StepInput, _ inputs: [String: String]
    ) throws(StepError) -> String? {
        let secrets = try input.object("secrets").compactMapValues(\.stringValue).merging(inputs) { $1 }
        if let missing = definition.secrets.first(where: { $0.required && secrets[$0.name] == nil }) {
            throw StepError(
                .permanent, "workflow '\(definition.name)' needs the secret '\(missing.name)'",
                remedy: "pass it under 'secrets' of this step")
        }
        guard !secrets.isEmpty else { return nil }
        do {
            return try engine.sealer.seal(secrets, context: child.rawValue)
        } catch {
            throw StepError(.permanent, String(describing: error))
        }
    }

    /// Sees to it that the sub-runs which steps of this run wait for go on: the last owner may have ended between the
    /// start of a wait and its look at the sub-run.
    func joinChildren(of run: ActiveRun) {
        for instance in run.machine.instances {
            guard case .waiting(.run) = run.machine[instance].phase else { continue }
            after(.send(.joinChild(run.id, instance)))
        }
    }

    /// A sub-run exists already: it goes on from where it stopped, or its end is taken as it is.
    func joinChild(of id: RunID, _ instance: InstanceID) {
        guard let run = runs[id], case .waiting(.run(let childID)) = run.machine[instance].phase else { return }
        guard let child = runs[childID] else { return childIsGone(run, instance, childID) }
        guard child.machine.status.isSettled else {
            wake(child)
            advance(child)
            // It may have waited for its group, which may be free by now.
            admitPending()
            return cancelWorkIfNeeded(of: run)
        }
        do {
            guard run.machine.status == .running, [.failed, .cancelled].contains(child.machine.status) else {
                return tellParent(of: child, child.machine.status, child.machine.outputs)
            }
            // It let go of its group when it settled, and another run may have taken it.
            if let holder = holder(of: child.machine.header?.group, besides: childID) {
                note("held back: \(holder)", of: child)
                return tellParent(of: child, child.machine.status, child.machine.outputs)
            }
            try tryRecord(.resumed(by: Actor("run \(id)")), in: child)
            child.isAwake = true
            armTimers(of: child)
            advance(child)
        } catch {
            // A step of it has an unknown outcome, which an operator has to resolve first.
            tellParent(of: child, child.machine.status, child.machine.outputs)
        }
    }

    private func childIsGone(_ run: ActiveRun, _ instance: InstanceID, _ child: RunID) {
        let error = StepError(.permanent, absence(of: child), remedy: "check the journal with 'runner audit verify'")
        record(.attemptFailed(instance, error, retryAt: nil), in: run)
        advance(run)
    }

    /// Undoes a sub-run, as the revert of the step that started it.
    func rollBackChild(of id: RunID, _ instance: InstanceID) {
        guard let run = runs[id], run.machine[instance].phase == .reverting else { return }
        guard let child = runs[id.child(run.name(of: instance))] else {
            // It was never made, so there is nothing to undo.
            record(.reverted(instance, left: []), in: run)
            return advance(run)
        }
        wake(child)
        // One that is rolling back already reports when that is done.
        if child.machine.status == .rollingBack { return advance(child) }
        if child.machine.status == .rolledBack { return tellParent(of: child, .rolledBack, [:]) }
        do throws(InvalidEvent) {
            if child.machine.status.isSettled,
                let holder = holder(of: child.machine.header?.group, besides: child.id)
            {
                // Often another sub-run of the same run, which is rolled back too.
                guard !holder.isInterrupted else { throw InvalidEvent(holder.description) }
                note("its rollback is held back: \(holder)", of: child)
                return holdRollback(of: id, instance)
            }
            try tryRecord(.rollbackRequested(by: Actor("run \(id)"), reason: nil), in: child)
            cancelWorkIfNeeded(of: child)
            advance(child)
        } catch {
            failRevert(instance, StepError(.permanent, error.description, object: "run \(child.id)"), in: run)
            advance(run)
        }
    }

    /// A run has settled: the step that started it takes its result.
    func tellParent(of child: ActiveRun, _ status: RunStatus, _ outputs: [String: Value]) {
        guard let parent = child.machine.header?.parent, let run = runs[parent.run],
            let instance = run.machine.graph.instance(named: parent.step), run.machine.contains(instance)
        else { return }
        switch run.machine[instance].phase {
        case .waiting(.run): report(child, status, outputs, to: run, instance)
        case .reverting:
            if status == .rolledBack {
                let left = child.machine.instances.flatMap { child.machine[$0].left }
                record(.reverted(instance, left: left), in: run)
            } else {
                let error = StepError(
                    .permanent, "sub-run \(child.id) ended as \(status.rawValue)", object: "run \(child.id)",
                    remedy: "see 'runner show \(child.id)'")
                record(.revertFailed(instance, error, retryAt: nil), in: run)
            }
        default: return
        }
        advance(run)
    }

    private func report(
        _ child: ActiveRun, _ status: RunStatus, _ outputs: [String: Value], to run: ActiveRun, _ instance: InstanceID
    ) {
        if status == .succeeded {
            return finish(instance, .succeeded(StepOutput(outputs), changed: true), in: run)
        }
        let failed = child.machine.instances.first { child.machine[$0].failure != nil }
        let reason = failed.flatMap { id in child.machine[id].failure.map { "\(child.name(of: id)): \($0.message)" } }
        let error = StepError(
            status == .cancelled && run.machine.status == .cancelling ? .cancelled : .permanent,
            "sub-run \(child.id) ended as \(status.rawValue)" + (reason.map { ": \($0)" } ?? ""),
            object: "run \(child.id)", remedy: Self.remedy(for: status, of: child.id))
        record(.attemptFailed(instance, error, retryAt: nil), in: run)
    }
    private static func remedy(for status: RunStatus, of child: RunID) -> String {
        switch status {
        case .rolledBack:
            "see 'runner show \(child)'; it has undone all it did, so roll this run back and start a new one, or skip the step"
        case .rollbackFailed: "see 'runner show \(child)', and finish what it undoes: 'runner rollback \(child)'"
        default: "see 'runner show \(child)'; resuming this run resumes it too"
        }
    }
}
