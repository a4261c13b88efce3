/// Finds out what a run would do: `observe` over the DAG, in the order of the needs. Changes nothing.
public struct Planner: Sendable {
    let catalog: StepCatalog
    let time: any TimeSource
    /// As for the engine, so that a plan looks where a run would.
    let dataDirectory: String

    public init(catalog: StepCatalog, time: any TimeSource = SystemTime(), dataDirectory: String) {
        self.catalog = catalog
        self.time = time
        self.dataDirectory = dataDirectory
    }

    /// - Parameters:
    ///   - inputs: Checked, with defaults.
    ///   - log: Gets the lines that observing steps write, by step; redacted.
    public func plan(
        _ workflow: Workflow, inputs: [String: Value], secrets: [String: String],
        log: @escaping @Sendable (String, String) -> Void = { _, _ in }
    ) async throws -> Plan {
        var walk = PlanWalk(planner: self, workflow: workflow, inputs: inputs, secrets: secrets, log: log)
        let steps = try await walk.steps()
        return Plan(
            workflow: workflow.definition.name, version: workflow.definition.version, bundle: workflow.bundle.hash,
            inputs: inputs, steps: steps)
    }
}

/// One walk over one workflow.
private struct PlanWalk {
    let planner: Planner
    let workflow: Workflow
    let inputs: [String: Value]
    let secrets: [String: String]
    let log: @Sendable (String, String) -> Void
    /// What is known of the steps that were visited.
    private var known: [String: Known] = [:]
    /// Steps that would change something, or stand on one that would: what needs them meets another world than today's.
    private var unsettled: Set<Int> = []
    private var redactor: Redactor

    enum Known: Sendable {
        case output(Value)
        case afterApply
    }

    init(
        planner: Planner, workflow: Workflow, inputs: [String: Value], secrets: [String: String],
        log: @escaping @Sendable (String, String) -> Void
    ) {
        self.planner = planner
        self.workflow = workflow
        self.inputs = inputs
        self.secrets = secrets
        self.log = log
        redactor = Redactor(secrets.values)
    }

    mutating func steps() async throws -> [PlannedStep] {
        var planned: [Int: [PlannedStep]] = [:]
        var rest = Array(workflow.definition.steps.indices)
        while !rest.isEmpty {
            // The definition holds no cycle, so every round finds one.
            guard
                let next = rest.firstIndex(where: {
                    workflow.definition.steps[$0].needs.allSatisfy { planned[$0] != nil }
                })
            else { break }
            let index = rest.remove(at: next)
            let step = workflow.definition.steps[index]
            let isOnMovingGround = step.needs.contains { unsettled.contains($0) }
            let plans = try await plan(step).map { isOnMovingGround ? $0.excused(by: names(of: step.needs)) : $0 }
            if isOnMovingGround || !plans.allSatisfy(\.isQuiet) { unsettled.insert(index) }
            planned[index] = plans
        }
        return workflow.definition.steps.indices.flatMap { planned[$0] ?? [] }
    }

    private func names(of steps: [Int]) -> String {
        steps.filter(unsettled.contains).map { "'\(workflow.definition.steps[$0].id)'" }.joined(separator: ", ")
    }

    private mutating func plan(_ step: StepDefinition) async throws -> [PlannedStep] {
        do throws(EvaluationError) {
            if let condition = step.when, try !condition.evaluate(in: scope()).isTrue {
                known[step.id] = .output(.null)
                return [planned(step, step.id, .skip, reason: "its 'when' is false")]
            }
            guard let forEach = step.forEach else {
                return [try await plan(step, name: step.id, item: nil) { $0.known[step.id] = $1 }]
            }
            guard let items = try forEach.evaluate(in: scope()).arrayValue else {
                throw .invalid("'for_each' needs a list")
            }
            return try await plan(step, items: items)
        } catch {
            known[step.id] = .afterApply
            if case .notYetKnown = error { return [planned(step, step.id, .unknown, reason: "\(error)")] }
            return [planned(step, step.id, .failed, reason: redactor.redact("\(error)"))]
        }
    }

    private mutating func plan(_ step: StepDefinition, items: [Value]) async throws(EvaluationError) -> [PlannedStep] {
        var steps: [PlannedStep] = []
        var outputs: [Value]? = []
        for (index, item) in items.enumerated() {
            steps.append(
                try await plan(step, name: "\(step.id)[\(index)]", item: (item, index)) { _, found in
                    if case .output(let value) = found { outputs?.append(value) } else { outputs = nil }
                })
        }
        known[step.id] = outputs.map { .output(.array($0)) } ?? .afterApply
        return steps
    }

    /// - Parameter keep: Gets what the step's output is known to be.
    private mutating func plan(
        _ step: StepDefinition, name: String, item: (Value, Int)?, keep: (inout PlanWalk, Known) -> Void
    ) async throws(EvaluationError) -> PlannedStep {
        guard let kind = planner.catalog[step.uses] else {
            keep(&self, .afterApply)
            return planned(step, name, .failed, reason: "no step kind '\(step.uses)'")
        }
        var values: [String: Value] = [:]
        for (name, template) in step.with { values[name] = try template.evaluate(in: scope(item: item)) }
        do {
            let input = StepInput(try kind.parameters.resolve(values))
            if let builtin = kind.builtin {
                return try await plan(builtin, step, name, input, keep)
            }
            let (log, redactor) = (log, redactor)
            let context = StepContext(run: "plan", step: name, attempt: 1, dataDirectory: planner.dataDirectory) {
                log(name, redactor.redact($1))
            }
            return try read(try await kind.observe(input, context), step, kind, name, item, keep)
        } catch let error as EvaluationError {
            throw error
        } catch let error as StepError {
            keep(&self, .afterApply)
            return planned(step, name, .failed, reason: redactor.redact(error).description)
        } catch is CancellationError {
            keep(&self, .afterApply)
            return planned(step, name, .failed, reason: "ended before it was looked at")
        } catch {
            keep(&self, .afterApply)
            return planned(step, name, .failed, reason: redactor.redact(String(describing: error)))
        }
    }

    private mutating func read(
        _ observation: Observation, _ step: StepDefinition, _ kind: any StepKind, _ name: String,
        _ item: (Value, Int)?, _ keep: (inout PlanWalk, Known) -> Void
    ) throws -> PlannedStep {
        switch observation {
        case .present(let output):
            redactor.add(textsIn: output.allSecrets.values)
            var values = output.values.merging(output.allSecrets) { $1 }
            let own = Value.object(values)
            for (name, template) in step.outputs {
                values[name] = try template.evaluate(in: scope(item: item, output: own))
            }
            keep(&self, .output(.object(values)))
            return planned(step, name, kind.reverting == .nothing ? .run : .none)
        case .absent:
            keep(&self, .afterApply)
            return planned(step, name, kind.reverting == .nothing ? .run : .create)
        case .differs(let changes, _):
            keep(&self, .afterApply)
            let redacted = changes.map { change in
                Change(
                    redactor.redact(change.path), from: change.from.map(redactor.redact),
                    to: change.to.map(redactor.redact))
            }
            return planned(step, name, .change, changes: redacted)
        case .unknown(let reason):
            keep(&self, .afterApply)
            return planned(step, name, .unknown, reason: redactor.redact(reason))
        }
    }

    private mutating func plan(
        _ kind: BuiltinKind, _ step: StepDefinition, _ name: String, _ input: StepInput,
        _ keep: (inout PlanWalk, Known) -> Void
    ) async throws -> PlannedStep {
        keep(&self, .afterApply)
        guard kind.action == .workflow, let child = workflow.children[try input.string("workflow")] else {
            return planned(step, name, .run, reason: kind.action == .sleep ? nil : "waits for somebody")
        }
        let inputs = try child.definition.resolveInputs(given: try input.object("inputs"))
        let secrets = try input.object("secrets").compactMapValues(\.stringValue)
        let plan = try await planner.plan(child, inputs: inputs, secrets: secrets, log: log)
        var result = planned(step, name, plan.isEmpty ? .none : .change)
        result.steps = plan.steps
        return result
    }

    private func planned(
        _ step: StepDefinition, _ name: String, _ action: PlannedStep.Action, changes: [Change] = [],
        reason: String? = nil
    ) -> PlannedStep {
        let reverting = planner.catalog[step.uses]?.reverting ?? .nothing
        var isFinal = step.revert == .never
        if case .impossible = reverting, step.revert == .auto { isFinal = true }
        return PlannedStep(
            id: name, uses: step.uses, action: action, changes: changes, reason: reason, isPointOfNoReturn: isFinal,
            steps: [])
    }

    private func scope(item: (Value, Int)? = nil, output: Value? = nil) -> Scope {
        var names: [String: Value] = [
            "inputs": .object(inputs),
            "secrets": .object(
                Dictionary(
                    uniqueKeysWithValues: workflow.definition.secrets.map { secret in
                        (secret.name, secrets[secret.name].map { .string($0) } ?? .null)
                    })),
            "run": [
                "id": "plan", "workflow": .string(workflow.definition.name), "data_dir": .string(planner.dataDirectory),
            ],
        ]
        if let item {
            names["item"] = item.0
            names["index"] = .integer(item.1)
        }
        if let output { names["output"] = output }
        let (all, known) = (names, known)
        return Scope(
            lookup: { all[$0] },
            step: { id throws(EvaluationError) in
                switch known[id] {
                case .output(let value): return value
                case .afterApply: throw .notYetKnown(step: id)
                case nil: return nil
                }
            })
    }
}

extension PlannedStep {
    /// What could not be looked at may be just what earlier steps are to bring: no reason yet to call it a failure.
    fileprivate func excused(by steps: String) -> PlannedStep {
        var step = self
        step.steps = self.steps.map { $0.excused(by: steps) }
        guard action == .failed else { return step }
        step.action = .unknown
        // What to do about it does not matter yet: only the first line.
        let first = reason?.split(separator: "\n").first.map { ": \($0)" } ?? ""
        step.reason = "cannot be looked at before \(steps)\(first)"
        return step
    }
}
