package import Workflow

extension Scenario.Plan {
    /// The workflow file.
    package var yaml: String {
        var lines = ["workflow: \(name)", "on_failure: \(rollsBack ? "rollback" : "stop")"]
        if isExclusive { lines.append("concurrency: { group: one, on_conflict: queue }") }
        lines.append("defaults: { timeout: 20s, retry: { initial: 1s, max: 8s } }")
        lines.append("steps:")
        lines += steps.map { "  \($0.id): { \($0.fields.joined(separator: ", ")) }" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Scenario.Step {
    fileprivate var fields: [String] {
        var fields = ["uses: \(kind.rawValue)"]
        if !needs.isEmpty { fields.append("needs: [\(needs.joined(separator: ", "))]") }
        if let when { fields.append("when: \"${{ steps.\(when).flag }}\"") }
        switch forEach {
        case .count(let count): fields.append("for_each: [\((0..<count).map(String.init).joined(separator: ", "))]")
        case .output(let step): fields.append("for_each: \"${{ steps.\(step).items }}\"")
        case nil: break
        }
        if let maxParallel, forEach != nil { fields.append("max_parallel: \(maxParallel)") }
        let expires = seconds.map { ", expires: \($0)s" } ?? ""
        switch kind {
        case .make, .blind, .final:
            fields.append("with: { value: new, existing: \(existing.rawValue) }")
            if kind != .final { fields.append("revert: \(revert)") }
            fields.append("retry: { attempts: \(attempts), initial: 1s, max: 8s }")
            if let totalTimeout { fields.append("total_timeout: \(totalTimeout)s") }
        case .read:
            fields.append("with: { flag: \(flag), items: \(items) }")
            fields.append("retry: { attempts: \(attempts), initial: 1s, max: 8s }")
        case .sleep: fields.append("with: { duration: \(seconds ?? 1)s }")
        case .approval: fields.append("with: { message: May it?\(expires) }")
        case .signal: fields.append("with: { signal: go\(expires) }")
        case .workflow: fields.append("with: { workflow: child.yaml }")
        }
        return fields
    }
}

extension Scenario {
    /// The workflow as the engine reads it.
    package func load(catalog: StepCatalog) throws -> Workflow {
        var files = ["main.yaml": workflow.yaml]
        if let child, workflow.steps.contains(where: { $0.kind == .workflow }) { files["child.yaml"] = child.yaml }
        return try WorkflowLoader.load(bundle: WorkflowBundle(main: "main.yaml", files: files), catalog: catalog)
    }

    /// For people: what happens.
    package var yaml: String {
        var text = "# seed \(seed): \(runs) run(s), \(parallel) at once, faults in the first \(faultWindow) ms"
        text += writesBeside ? ", commits beside the loop" : ""
        text += isOnDemand ? ", runs go on when asked to\n" : "\n"
        text += workflow.yaml
        if let child { text += "# child.yaml\n" + child.yaml.split(separator: "\n").map { "#   \($0)\n" }.joined() }
        text += "# faults\n"
        for fault in faults { text += "#   - { at: \(fault.moment), what: \(fault.action) }\n" }
        return text
    }
}

extension Scenario.Fault.Moment: CustomStringConvertible {
    package var description: String {
        switch self {
        case .commit(let number): "commit \(number)"
        case .read(let number): "read \(number)"
        case .time(let milliseconds): "\(milliseconds) ms"
        case .call(let verb, let object, let count): "\(verb.rawValue) of \(object), call \(count)"
        }
    }
}
