extension EngineCore {
    /// Does what the machine asks for: events now, effects after the commit.
    func execute(_ command: RunCommand, in run: ActiveRun) {
        switch command {
        case .evaluate(let step): evaluate(step, in: run)
        case .startAttempt(let instance, let attempt): start(instance, attempt: attempt, in: run)
        case .startRevert(let instance, let attempt): startRevert(instance, attempt: attempt, in: run)
        case .beginRollback:
            record(.rollbackRequested(by: .policy, reason: "a step failed, and 'on_failure' is 'rollback'"), in: run)
        case .settle(let status): settle(status, run)
        }
    }

    private func scope(_ run: ActiveRun, item: InstanceID? = nil, output: Value? = nil) -> RunScope {
        run.scope(dataDirectory: engine.configuration.dataDirectory, item: item, output: output)
    }

    /// Finds out whether a step is skipped, and what a `for_each` runs over.
    private func evaluate(_ step: Int, in run: ActiveRun) {
        let definition = run.definition.steps[step]
        do throws(EvaluationError) {
            if let condition = definition.when, try !scope(run).evaluate(condition).isTrue {
                return record(.skipped(InstanceID(step), reason: "its 'when' is false", by: nil), in: run)
            }
            guard let forEach = definition.forEach else { return start(InstanceID(step), attempt: 1, in: run) }
            let value = try scope(run).evaluate(forEach)
            guard let items = value.arrayValue else {
                throw EvaluationError.invalid("'for_each' needs a list, and this is of type \(value.typeName)")
            }
            guard !run.redactor.finds(in: value) else {
                throw EvaluationError.invalid("'for_each' holds a secret, and items are written to the journal")
            }
            record(.expanded(step: step, items: items), in: run)
        } catch {
            refuse(step, error, in: run)
        }
    }

    /// A step whose condition or items cannot be evaluated fails like one whose attempt does.
    private func refuse(_ step: Int, _ error: EvaluationError, in run: ActiveRun) {
        if run.machine.graph.nodes[step].isForEach { record(.expanded(step: step, items: [.null]), in: run) }
        let instance = InstanceID(step, item: run.machine.graph.nodes[step].isForEach ? 0 : nil)
        record(.attemptStarted(instance, attempt: run.machine[instance].attempts + 1), in: run)
        fail(instance, misfit(error), in: run)
    }

    private func misfit(_ error: EvaluationError) -> StepError {
        StepError(
            .permanent, "an expression of the step has no value: \(error)",
            remedy: "correct the workflow or the input it reads, and start a new run")
    }

    // MARK: - Attempts

    private func start(_ instance: InstanceID, attempt: Int, in run: ActiveRun) {
        record(.attemptStarted(instance, attempt: run.machine[instance].attempts + 1), in: run)
        let input: StepInput
        let kind: any StepKind
        do {
            (kind, input) = try render(instance, in: run)
        } catch {
            return fail(instance, error, in: run)
        }
        if let builtin = kind.builtin { return wait(instance, builtin.action, input, in: run) }
        let attempt = self.attempt(instance, kind: kind, input: input, in: run)
        after(.work(run, instance, Work { await attempt.play() }))
    }

    private func attempt(_ instance: InstanceID, kind: any StepKind, input: StepInput, in run: ActiveRun) -> Attempt {
        let state = run.machine[instance]
        return Attempt(
            run: run.id, instance: instance, kind: kind, input: input,
            context: context(instance, attempt: state.attempts, in: run), prior: state.prior,
            isInDoubt: state.isInDoubt, mayBeOurs: state.effect != .none,
            timeout: timeout(of: run[step: instance], state),
            time: engine.time, mailbox: engine.mailbox)
    }

    /// The step's parameters with all expressions evaluated, checked against its kind.
    private func render(_ instance: InstanceID, in run: ActiveRun) throws(StepError) -> (any StepKind, StepInput) {
        guard let kind = engine.catalog[run[step: instance].uses] else {
            throw StepError(
                .permanent, "this runner knows no step kind '\(run[step: instance].uses)'",
                remedy: "go on with the version of the runner that started the run")
        }
        let values: [String: Value]
        do { values = try scope(run, item: instance).evaluate(run[step: instance].with) } catch { throw misfit(error) }
        for parameter in kind.parameters where parameter.exposed {
            guard let value = values[parameter.name], run.redactor.finds(in: value) else { continue }
            throw StepError(
                .permanent, "'\(parameter.name)' holds a secret, and others could read it there",
                remedy: "pass the secret in another way, such as 'environment' or 'input'")
        }
        do {
            return (kind, StepInput(try kind.parameters.resolve(values)))
        } catch {
            throw StepError(
                .permanent, run.redactor.redact("the parameters do not fit: \(error)"),
                remedy: "correct the workflow or the input it reads, and start a new run")
        }
    }

    private func timeout(of step: StepDefinition, _ state: InstanceState) -> Duration? {
        guard let total = step.totalTimeout, let started = state.startedAt else { return step.timeout }
        let left = max(.milliseconds(1), total - (now - started))
        return step.timeout.map { min($0, left) } ?? left
    }

    private func context(_ instance: InstanceID, attempt: Int, in run: ActiveRun) -> StepContext {
        let name = run.name(of: instance)
        let output = AttemptOutput(
            run: run.id, step: name, attempt: attempt, time: engine.time, mailbox: engine.mailbox,
            budget: OutputBudget(limit: engine.configuration.outputLimit, redactor: run.redactor))
        let state = run.machine[instance]
        let history = StepHistory(
            prior: state.prior.flatMap { $0.isNull ? .none : $0 }, isInDoubt: state.isInDoubt, output: state.output)
        return StepContext(
            run: run.id.rawValue, step: name, attempt: attempt, dataDirectory: engine.configuration.dataDirectory,
            history: history
        ) { output.add($0, $1) }
    }

    /// Takes in what an attempt came to.
    func finish(_ instance: InstanceID, _ result: Attempt.Result, in run: ActiveRun) {
        switch result {
        case .succeeded(let output, let changed):
            do {
                let sealed = try run.seal(output.allSecrets, of: instance)
                var values = output.values
                if !run[step: instance].outputs.isEmpty {
                    let whole = values.merging(output.allSecrets) { $1 }
                    let scope = scope(run, item: instance, output: .object(whole))
                    values.merge(try scope.evaluate(run[step: instance].outputs)) { $1 }
                }
                record(
                    .attemptSucceeded(
                        instance, output: run.redactor.redact(values), sealed: sealed, changed: changed),
                    in: run)
            } catch let error as EvaluationError {
                fail(instance, misfit(error), in: run)
            } catch {
                fail(instance, StepError(.permanent, "the secret outputs could not be sealed: \(error)"), in: run)
            }
        case .failed(let error): fail(instance, error, in: run)
        case .unknown(let reason): record(.outcomeUnknown(instance, reason: run.redactor.redact(reason)), in: run)
        }
    }

    /// An attempt has failed: once more, or for good.
    private func fail(_ instance: InstanceID, _ error: StepError, in run: ActiveRun) {
        let error = run.redactor.redact(error)
        let state = run.machine[instance]
        let retryAt = run.machine.status == .running ? retryTime(after: error, of: instance, in: run) : nil
        if [.outcomeUnknown, .cancelled].contains(error.kind), retryAt == nil, state.isPrepared,
            run.machine.status == .running
        {
            return record(.outcomeUnknown(instance, reason: error.message), in: run)
        }
        if error.kind == .cancelled, run.machine.status == .running {
            // Nobody asked the run to stop: the handler gave up by itself.
            let kind: StepError.Kind = state.isPrepared ? .outcomeUnknown : .transient
            record(
                .attemptFailed(instance, StepError(kind, error.message, object: error.object), retryAt: retryAt),
                in: run)
        } else {
            record(.attemptFailed(instance, error, retryAt: retryAt), in: run)
        }
        if let retryAt { arm(instance, at: retryAt, in: run) }
    }

    private func retryTime(after error: StepError, of instance: InstanceID, in run: ActiveRun) -> Timestamp? {
        switch error.kind {
        case .transient, .timedOut, .outcomeUnknown, .cancelled: break
        case .permanent, .conflict: return nil
        }
        let step = run[step: instance]
        let state = run.machine[instance]
        guard state.failures + 1 < step.retry.attempts else { return nil }
        let at = now + step.retry.delay(beforeAttempt: state.failures + 2, using: &random)
        if let total = step.totalTimeout, let started = state.startedAt, at - started >= total { return nil }
        return at
    }

    // MARK: - Waiting

    private func wait(_ instance: InstanceID, _ action: BuiltinKind.Action, _ input: StepInput, in run: ActiveRun) {
        do {
            switch action {
            case .sleep: hold(instance, .timer(until: now + (try input.duration("duration") ?? .zero)), in: run)
            case .approval:
                let message = run.redactor.redact(try input.string("message"))
                hold(instance, .approval(message: message, expires: try expiry(input)), in: run)
            case .signal: hold(instance, .signal(name: try input.string("signal"), expires: try expiry(input)), in: run)
            case .workflow: try startChild(of: run, instance, input)
            }
        } catch {
            fail(instance, error, in: run)
        }
    }

    private func expiry(_ input: StepInput) throws(StepError) -> Timestamp? {
        guard let duration = try input.duration("expires") else { return nil }
        return now + duration
    }

    private func hold(_ instance: InstanceID, _ wait: Wait, in run: ActiveRun) {
        record(.waitStarted(instance, wait), in: run)
        if let deadline = run.machine[instance].deadline { arm(instance, at: deadline, in: run) }
    }

    // MARK: - Reverts

    private func startRevert(_ instance: InstanceID, attempt: Int, in run: ActiveRun) {
        record(.revertStarted(instance, attempt: attempt), in: run)
        let kind: any StepKind
        let input: StepInput
        do {
            (kind, input) = try render(instance, in: run)
        } catch {
            return failRevert(instance, error, in: run)
        }
        if kind.builtin != nil {
            return after(.send(.rollBackChild(run.id, instance)))
        }
        let state = run.machine[instance]
        let revert = RevertAttempt(
            kind: kind, input: input, context: context(instance, attempt: attempt, in: run), prior: state.prior,
            output: recordedOutput(of: instance, in: run), timeout: run[step: instance].timeout, time: engine.time)
        let (id, mailbox) = (run.id, engine.mailbox)
        let work = Work { mailbox.send(.reverted(id, instance, attempt: attempt, await revert.play())) }
        after(.work(run, instance, work))
    }

    private func recordedOutput(of instance: InstanceID, in run: ActiveRun) -> StepOutput? {
        guard let values = run.machine[instance].output, run.machine[instance].effect == .certain else { return nil }
        let secrets = run.openedSecrets(of: instance)
        return StepOutput(
            values, secrets: secrets.compactMapValues(\.stringValue),
            secretValues: secrets.filter { $0.value.stringValue == nil })
    }

    /// Takes in what a revert came to.
    func finishRevert(_ instance: InstanceID, _ result: Result<[String], StepError>, in run: ActiveRun) {
        switch result {
        case .success(let left): record(.reverted(instance, left: left.map(run.redactor.redact)), in: run)
        case .failure(let error): failRevert(instance, error, in: run)
        }
    }

    func failRevert(_ instance: InstanceID, _ error: StepError, in run: ActiveRun) {
        let error = run.redactor.redact(error)
        let policy = run[step: instance].retry
        let failures = run.machine[instance].revertFailures
        var retryAt: Timestamp?
        if [.transient, .timedOut, .outcomeUnknown].contains(error.kind), failures + 1 < policy.attempts {
            retryAt = now + policy.delay(beforeAttempt: failures + 2, using: &random)
        }
        record(.revertFailed(instance, error, retryAt: retryAt), in: run)
        if let retryAt { arm(instance, at: retryAt, in: run) }
    }

    // MARK: - The end

    private func settle(_ status: RunStatus, _ run: ActiveRun) {
        var outputs: [String: Value] = [:]
        if status == .succeeded {
            for (name, template) in run.definition.outputs.sorted(by: { $0.key < $1.key }) {
                do {
                    outputs[name] = run.redactor.redact(try scope(run).evaluate(template))
                } catch {
                    outputs[name] = .null
                    note("output '\(name)' has no value: \(error)", of: run)
                }
            }
        }
        record(.settled(status, outputs: outputs), in: run)
        tellParent(of: run, status, outputs)
        admitPending()
    }
}

extension Value {
    /// Whether a condition holds: null, false, zero, and what is empty do not.
    public var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let value): !value.isEmpty
        case .object(let value): !value.isEmpty
        }
    }
}

extension RunMachine {
    func isRunning(_ id: InstanceID, attempt: Int) -> Bool {
        guard contains(id), case .running = self[id].phase else { return false }
        return self[id].attempts == attempt
    }

    func isReverting(_ id: InstanceID, attempt: Int) -> Bool {
        guard contains(id), case .reverting = self[id].phase else { return false }
        return self[id].revertAttempts == attempt
    }
}
