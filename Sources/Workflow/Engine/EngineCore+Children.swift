/// Sub-runs: runs of their own, started, ended and rolled back by a step of another run.
extension EngineCore {
    /// Starts the sub-run of a step, or joins the one that an earlier attempt has made.
    func startChild(of run: ActiveRun, _ instance: InstanceID, _ input: StepInput) throws(StepError) {
        let child = run.id.child(run.name(of: instance))
        if run.machine[instance].effect != .none {
            record(.waitStarted(instance, .run(child)), in: run)
            let id = run.id
            return after { .send(.joinChild(id, instance)) }
        }
        let path = try input.string("workflow")
        guard let workflow = run.workflow.children[path] else {
            throw StepError(.permanent, "the workflow '\(path)' is not part of this one's bundle")
        }
        let header = try childHeader(of: run, instance, workflow, input)
        let sealed = try sealedSecrets(for: workflow.definition, child, input)
        record(.waitStarted(instance, .run(child)), in: run)
        do {
            try keepBundle(of: workflow)
            try begin(child, header, workflow, sealedSecrets: sealed)
        } catch {
            throw StepError(.conflict, String(describing: error), object: "run \(child)")
        }
    }

    private func childHeader(
        of run: ActiveRun, _ instance: InstanceID, _ workflow: Workflow, _ input: StepInput
    ) throws(StepError) -> RunHeader {
        let given = try input.object("inputs")
        guard !run.redactor.finds(in: .object(given)) else {
            throw StepError(
                .permanent, "the inputs of the sub-run hold a secret, and inputs are written to the journal",
                remedy: "pass it under 'secrets' of this step")
        }
        let inputs: [String: Value]
        do {
            inputs = try workflow.definition.resolveInputs(given: given)
        } catch {
            throw StepError(.permanent, "the inputs do not fit workflow '\(workflow.definition.name)': \(error)")
        }
        return RunHeader(
            workflow: workflow.definition.name, version: workflow.definition.version, bundle: workflow.bundle.hash,
            inputs: inputs, parallel: run.machine.header?.parallel ?? 1, by: Actor("run \(run.id)"),
            parent: RunHeader.Parent(run: run.id, step: run.name(of: instance)))
    }

    private func sealedSecrets(
        for definition: WorkflowDefinition, _ child: RunID, _ input: StepInput
    ) throws(StepError) -> String? {
        let secrets = try input.object("secrets").compactMapValues(\.stringValue)
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

    /// A sub-run exists already: it goes on from where it stopped, or its end is taken as it is.
    func joinChild(of id: RunID, _ instance: InstanceID) {
        guard let run = runs[id], case .waiting(.run(let childID)) = run.machine[instance].phase else { return }
        guard let child = runs[childID] else { return childIsGone(run, instance, childID) }
        switch child.machine.status {
        case .failed, .cancelled:
            record(.resumed(by: Actor("run \(id)")), in: child)
            armTimers(of: child)
            advance(child)
        case let status where status.isSettled: tellParent(of: child, status, child.machine.outputs)
        default: break
        }
    }

    private func childIsGone(_ run: ActiveRun, _ instance: InstanceID, _ child: RunID) {
        let error = StepError(.permanent, "the journal has no run \(child)", remedy: "check it with 'runner audit verify'")
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
        if child.machine.status == .rolledBack { return tellParent(of: child, .rolledBack, [:]) }
        do {
            try record_(.rollbackRequested(by: Actor("run \(id)"), reason: nil), in: child)
            cancelTasksIfNeeded(of: child)
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
            return record(.attemptSucceeded(instance, output: outputs, sealed: nil, changed: true), in: run)
        }
        let reason = child.machine.instances.lazy.compactMap { child.machine[$0].failure?.message }.first
        let error = StepError(
            status == .cancelled ? .cancelled : .permanent,
            "sub-run \(child.id) ended as \(status.rawValue)" + (reason.map { ": \($0)" } ?? ""), object: "run \(child.id)",
            remedy: "see 'runner show \(child.id)'; resuming this run resumes it too")
        record(.attemptFailed(instance, error, retryAt: nil), in: run)
    }
}
