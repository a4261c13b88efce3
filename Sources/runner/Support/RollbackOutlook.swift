import Steps
import Workflow

/// What a rollback would do, for whoever decides on it. Nothing but the journal and the registry is looked at.
struct RollbackOutlook: Sendable {
    struct Step: Sendable {
        var name: String
        var uses: String
        var fate: RollbackOutline.Fate
        /// What undoing it means, or why it stays.
        var words: String?
        /// Those of a sub-run.
        var steps: [Step] = []
    }

    let record: RunRecord
    let isUnderWay: Bool
    let steps: [Step]
    /// Those that would be left without what they stand on.
    let tenants: [Tenant]

    /// - Throws: `InvalidEvent` where the run is in no state for a rollback.
    init(of record: RunRecord, _ session: Session) async throws {
        let (machine, workflow) = try await session.machine(of: record)
        let outline = try machine.rollbackOutline()
        self.record = record
        steps = try await Self.steps(outline, of: record, machine, workflow, session)
        isUnderWay = outline.isUnderWay
        var root = record
        while let parent = root.parent, let above = try await session.journal.runs(RunQuery(id: parent)).first {
            root = above
        }
        let ground = TenantGround(
            run: root.id, began: root.createdAt, isOfTenant: root.group?.hasPrefix(Tenant.group("")) ?? false)
        tenants =
            steps.contains { $0.fate == .reverted }
            ? ground.dependents(among: try await session.tenants.tenants()) : []
    }

    private static func steps(
        _ outline: RollbackOutline, of record: RunRecord, _ machine: RunMachine, _ workflow: Workflow,
        _ session: Session
    ) async throws -> [Step] {
        var steps: [Step] = []
        for item in outline.items {
            let definition = workflow.definition.steps[item.instance.step]
            // What only reads has nothing to keep.
            if item.fate == .kept, definition.revert != .keep { continue }
            let name = machine.graph.name(of: item.instance)
            var step = Step(name: name, uses: definition.uses, fate: item.fate)
            step.words = words(item, machine, workflow.definition, session.catalog)
            if item.fate == .reverted,
                let child = try await session.journal.runs(RunQuery(id: record.id.child(name))).first
            {
                let (machine, workflow) = try await session.machine(of: child)
                // One that is over, or being undone already, has none, and is told as one line.
                if let outline = try? machine.rollbackOutline() {
                    step.steps = try await Self.steps(outline, of: child, machine, workflow, session)
                }
            }
            steps.append(step)
        }
        return steps
    }

    private static func words(
        _ item: RollbackOutline.Item, _ machine: RunMachine, _ definition: WorkflowDefinition, _ catalog: StepCatalog
    ) -> String? {
        let step = definition.steps[item.instance.step]
        switch item.fate {
        case .reverted:
            let prior = machine[item.instance].prior.flatMap { $0.isNull ? nil : $0 }
            return catalog[step.uses]?.undoing(known(item.instance, machine, definition), prior: prior)
        case .kept: return "stays: the workflow says 'revert: keep'"
        case .found: return "stays: this run found it as it is"
        case .final:
            if case .impossible(let reason)? = catalog[step.uses]?.reverting { return "never undone: \(reason)" }
            return "never undone: the workflow says 'revert: never'"
        case .underFinal: return "stays: what is never undone rests on it"
        }
    }

    /// A step's parameters, as far as they can be known without secrets; null where one cannot.
    private static func known(
        _ instance: InstanceID, _ machine: RunMachine, _ definition: WorkflowDefinition
    ) -> [String: Value] {
        var names: [String: Value] = ["inputs": .object(machine.header?.inputs ?? [:])]
        if let item = instance.item { names["item"] = machine.steps[instance.step].items?[item] }
        var outputs: [String: Value] = [:]
        for (index, step) in definition.steps.enumerated() where !machine.graph.nodes[index].isForEach {
            outputs[step.id] = machine[InstanceID(index)].output.map { .object($0) }
        }
        let scope = Scope(names: names, steps: outputs)
        return definition.steps[instance.step].with.mapValues { template in
            // Most often for a secret, which is left out here.
            (try? template.evaluate(in: scope)) ?? .null
        }
    }

    // MARK: - For people

    var text: String {
        var lines = ["rollback of run \(record.id) (\(record.workflow), \(record.status.rawValue)), in this order"]
        if isUnderWay {
            lines.append("  the run is under way: it is ended first, and what it does until then is undone too")
        }
        add(steps, indent: "  ", to: &lines)
        let count = steps.count { $0.fate == .reverted }
        lines.append("\(count) to undo, \(steps.count - count) to stay")
        if !tenants.isEmpty { lines.append(warning) }
        return lines.joined(separator: "\n")
    }

    private func add(_ steps: [Step], indent: String, to lines: inout [String]) {
        let (names, kinds) = (steps.map(\.name.count).max() ?? 0, steps.map(\.uses.count).max() ?? 0)
        for step in steps {
            let what = step.words.map { "\(step.uses.padded(to: kinds))  \($0)" } ?? step.uses
            lines.append("\(indent)\(Self.mark(step.fate)) \(step.name.padded(to: names))  \(what)")
            add(step.steps, indent: indent + "    ", to: &lines)
        }
    }

    private static func mark(_ fate: RollbackOutline.Fate) -> String {
        switch fate {
        case .reverted: "↶"
        case .kept, .found, .underFinal: "="
        case .final: "✗"
        }
    }

    /// Which tenants would be left without what they stand on.
    var warning: String {
        let names = tenants.prefix(10).map(\.name).joined(separator: ", ")
        let more = tenants.count > 10 ? " and \(tenants.count - 10) more" : ""
        let (are, stand) = tenants.count == 1 ? ("1 tenant", "stands") : ("\(tenants.count) tenants", "stand")
        return "\(are) \(stand) on what this run did: \(names)\(more)"
    }

    // MARK: - For programs

    var json: Value {
        [
            "run": .string(record.id.rawValue), "workflow": .string(record.workflow),
            "status": .string(record.status.rawValue), "under_way": .bool(isUnderWay),
            "steps": .array(steps.map(Self.json)), "tenants": .array(tenants.map { .string($0.name) }),
        ]
    }

    private static func json(_ step: Step) -> Value {
        [
            "id": .string(step.name), "uses": .string(step.uses), "undone": .bool(step.fate == .reverted),
            "final": .bool(step.fate == .final), "detail": step.words.map { .string($0) } ?? .null,
            "steps": .array(step.steps.map(json)),
        ]
    }
}
