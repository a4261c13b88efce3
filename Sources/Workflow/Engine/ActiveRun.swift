/// A run that the engine works on: its machine, and what belongs to it in memory.
final class ActiveRun {
    let id: RunID
    let workflow: Workflow
    var machine: RunMachine
    /// Whether the engine drives it. One that was only loaded takes in what is said to it, and starts nothing.
    var isAwake = false
    /// The values of the run's secrets, and of its inputs that are marked secret.
    private(set) var secrets: [String: String] = [:]
    /// Why the secrets could not be opened; nil where they could.
    private(set) var secretsProblem: String?
    private(set) var redactor = Redactor()
    /// What was applied since the last commit.
    var pending: [RunEvent] = []
    /// Attempts and reverts under way.
    var work: [InstanceID: Work] = [:]
    /// The secret outputs of steps, opened once.
    private var opened: [InstanceID: [String: Value]] = [:]
    private let sealer: Sealer

    init(id: RunID, workflow: Workflow, machine: RunMachine, sealer: Sealer) {
        self.id = id
        self.workflow = workflow
        self.machine = machine
        self.sealer = sealer
    }

    /// Takes the run's secrets, as the journal keeps them. Where they cannot be opened, the steps that need one fail.
    func open(sealedSecrets: String) {
        do {
            secrets = try sealer.open(sealedSecrets, context: id.rawValue)
            secretsProblem = nil
            redactor.add(secrets.values)
        } catch {
            secretsProblem = String(describing: error)
        }
    }

    var definition: WorkflowDefinition { workflow.definition }

    func name(of instance: InstanceID) -> String { machine.graph.name(of: instance) }

    /// Lent, not copied: a definition is large, and who asks wants a part of it.
    subscript(step instance: InstanceID) -> StepDefinition {
        _read { yield workflow.definition.steps[instance.step] }
    }

    /// Adds secrets to what the redactor knows, and seals them for the journal; nil where there are none.
    func seal(_ secrets: [String: Value], of instance: InstanceID) throws -> String? {
        guard !secrets.isEmpty else { return nil }
        redactor.add(textsIn: secrets.values)
        opened[instance] = secrets
        return try sealer.seal(values: secrets, context: context(instance))
    }

    /// The outputs of an instance, secrets among them; null where it was skipped or has none yet.
    func output(of instance: InstanceID) throws(EvaluationError) -> Value {
        let state = machine[instance]
        guard var values = state.output else { return .null }
        if let sealed = state.sealed {
            do {
                let secrets = try opened[instance] ?? sealer.values(in: sealed, context: context(instance))
                if opened[instance] == nil {
                    opened[instance] = secrets
                    redactor.add(textsIn: secrets.values)
                }
                values.merge(secrets) { $1 }
            } catch {
                throw .invalid(String(describing: error))
            }
        }
        return .object(values)
    }

    /// The outputs of a step: for a `for_each`, a list of its items' outputs.
    func output(ofStep id: String) throws(EvaluationError) -> Value? {
        guard let step = machine.graph.index[id] else { return nil }
        guard machine.graph.nodes[step].isForEach else { return try output(of: InstanceID(step)) }
        guard machine.steps[step].items != nil else { return .null }
        var outputs: [Value] = []
        for item in machine.steps[step].instances.indices {
            outputs.append(try output(of: InstanceID(step, item: item)))
        }
        return .array(outputs)
    }

    /// The secret outputs of an instance that were opened before; a failure to open them shows where they are read.
    func openedSecrets(of instance: InstanceID) -> [String: Value] {
        if opened[instance] == nil, let sealed = machine[instance].sealed,
            let secrets = try? sealer.values(in: sealed, context: context(instance))
        {
            opened[instance] = secrets
            redactor.add(textsIn: secrets.values)
        }
        return opened[instance] ?? [:]
    }

    /// What sealed outputs are bound to.
    private func context(_ instance: InstanceID) -> String { "\(id)/\(name(of: instance))" }
}

extension ActiveRun {
    /// The names that an expression of this run can use.
    ///
    /// - Parameters:
    ///   - item: The item that a `for_each` instance works on.
    ///   - output: The step's own output, for its `outputs`.
    func scope(dataDirectory: String, item: InstanceID? = nil, output: Value? = nil) -> RunScope {
        RunScope(run: self, dataDirectory: dataDirectory, item: item, output: output)
    }
}

/// Looks names up in a run, while the engine's loop stands still for it.
struct RunScope {
    let run: ActiveRun
    let dataDirectory: String
    let item: InstanceID?
    let output: Value?

    func evaluate(_ template: Template) throws(EvaluationError) -> Value {
        try template.evaluate(in: scope(for: template.steps))
    }

    func evaluate(_ expression: Expression) throws(EvaluationError) -> Value {
        try expression.evaluate(in: scope(for: expression.steps))
    }

    func evaluate(_ templates: [String: Template]) throws(EvaluationError) -> [String: Value] {
        var values: [String: Value] = [:]
        for (name, template) in templates { values[name] = try evaluate(template) }
        return values
    }

    /// Gathers just the outputs that are asked for, so that an expression in a large run stays cheap.
    private func scope(for steps: Set<String>) throws(EvaluationError) -> Scope {
        var outputs: [String: Value] = [:]
        for step in steps { outputs[step] = try run.output(ofStep: step) }
        var inputs = run.machine.header?.inputs ?? [:]
        for input in run.definition.inputs where input.secret {
            if let value = run.secrets[input.name] { inputs[input.name] = .string(value) }
        }
        var names: [String: Value] = [
            "inputs": .object(inputs),
            "secrets": .object(
                Dictionary(
                    uniqueKeysWithValues: run.definition.secrets.map { secret in
                        (secret.name, run.secrets[secret.name].map { .string($0) } ?? .null)
                    })),
            "run": [
                "id": .string(run.id.rawValue), "workflow": .string(run.definition.name),
                "data_dir": .string(dataDirectory),
            ],
        ]
        if let item, let index = item.item, let items = run.machine.steps[item.step].items {
            names["item"] = items[index]
            names["index"] = .integer(index)
        }
        if let output { names["output"] = output }
        let (known, problem, all) = (outputs, run.secretsProblem, names)
        return Scope(
            lookup: { name throws(EvaluationError) in
                if name == "secrets", let problem { throw .invalid(problem) }
                return all[name]
            },
            step: { id in known[id] })
    }
}

extension WorkflowDefinition {
    /// Whether a run of it may have sealed values.
    var hasSecrets: Bool { !secrets.isEmpty || inputs.contains(where: \.secret) }
}
