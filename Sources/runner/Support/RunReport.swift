import Foundation
import Workflow

/// A run as `runner show` tells it.
struct RunReport {
    let record: RunRecord
    /// `interrupted` where the run should be under way and nobody drives it.
    let status: String
    let machine: RunMachine
    let workflow: Workflow

    // MARK: - For people

    var text: String {
        var lines = [
            "run       \(record.id)", "workflow  \(record.workflow), version \(record.version)", "status    \(status)",
            "by        \(machine.header?.by.name ?? "")", "started   \(record.createdAt.iso8601)",
            "changed   \(record.updatedAt.iso8601)",
        ]
        if let parent = record.parent { lines.append("parent    \(parent)") }
        if let inputs = machine.header?.inputs, !inputs.isEmpty {
            lines.append("inputs")
            for (name, value) in inputs.sorted(by: { $0.key < $1.key }) where !value.isNull {
                lines.append("  \(name): \(value.shortText)")
            }
        }
        if let sources = machine.header?.secretSources, !sources.isEmpty {
            lines.append("secrets")
            for (name, source) in sources.sorted(by: { $0.key < $1.key }) { lines.append("  \(name): \(source)") }
        }
        lines.append("steps")
        lines += steps
        lines.append(ending)
        return lines.joined(separator: "\n")
    }

    private var steps: [String] {
        let instances = Dictionary(grouping: machine.instances, by: \.step)
        let rows = machine.graph.nodes.enumerated().flatMap { step, node in
            // A `for_each` has none before it begins, and none where there is nothing to do.
            guard let ids = instances[step] else { return [(node.id, machine.steps[step].status, "")] }
            return ids.map { (machine.graph.name(of: $0), machine[$0].status, detail(machine[$0])) }
        }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, status, detail in
            "  \(LiveView.glyph(status)) \(name.padded(to: width))  \(status.rawValue)\(detail)"
        }
    }

    private func detail(_ state: InstanceState) -> String {
        var detail = ""
        if let from = state.startedAt, let to = state.endedAt { detail += " in \((to - from).text)" }
        if state.attempts > 1 { detail += ", \(state.attempts) attempts" }
        if state.status == .backingOff, let next = state.deadline { detail += ", next try at \(next.clock)" }
        if case .skipped(let reason) = state.phase { detail += ": \(reason)" }
        if case .waiting(let wait) = state.phase { detail += ": \(wait.text)" }
        return detail
    }

    /// Errors with what to do, what stays behind, outputs, and the next command.
    var ending: String {
        var lines: [String] = []
        for id in machine.instances {
            let (state, name) = (machine[id], machine.graph.name(of: id))
            switch state.phase {
            case .failed, .revertFailed, .backingOff, .revertBackingOff:
                if let failure = state.failure { lines.append("\(name): \(failure)") }
                lines.append("  what it wrote: runner logs \(record.id) \(name)")
            case .waiting(.approval(let message, _)):
                lines.append("\(name): waits for approval: \(message)")
                lines.append("  fix: runner approve \(record.id) \(name), or: runner reject \(record.id) \(name)")
            case .waiting(.signal(let signal, _)):
                lines.append("\(name): waits for signal '\(signal)'")
                lines.append("  fix: runner signal \(record.id) \(signal)")
            case .unknown(let reason):
                lines.append("\(name): the outcome is unknown: \(reason)")
                lines.append(
                    "  fix: find out, then: runner resolve \(record.id) \(name) --adopt|--redo|--discard --reason '…'")
            default: break
            }
        }
        let left = machine.instances.flatMap { id in machine[id].left.map { "  \(machine.graph.name(of: id)): \($0)" } }
        if !left.isEmpty { lines += ["left behind"] + left }
        if !machine.outputs.isEmpty {
            lines.append("outputs")
            for (name, value) in machine.outputs.sorted(by: { $0.key < $1.key }) {
                // Texts, such as warnings, are there to be read: one a line.
                if let texts = value.arrayValue?.compactMap(\.stringValue), texts.count > 1 {
                    lines += ["  \(name):"] + texts.map { "    - \($0)" }
                } else {
                    lines.append("  \(name): \(value.shortText)")
                }
            }
        }
        lines.append("\(status)\(advice.map { "; \($0)" } ?? "")")
        return lines.joined(separator: "\n")
    }

    private var advice: String? {
        switch record.status {
        case .failed where machine.instances.contains { machine[$0].phase == .failed }:
            "mend the cause, then: runner resume \(record.id) (or: runner rollback \(record.id); a wrong input needs a new run)"
        case .failed: "go on with: runner resume \(record.id) (or: runner rollback \(record.id))"
        case .running where status == "interrupted", .rollingBack where status == "interrupted",
            .cancelling where status == "interrupted", .pending where status == "interrupted":
            "nobody drives it; go on with: runner resume \(record.id) (or: runner cancel \(record.id), runner rollback \(record.id))"
        case .rollbackFailed: "mend the cause, then: runner rollback \(record.id)"
        case .cancelled: "go on with: runner resume \(record.id), or undo it: runner rollback \(record.id)"
        default: nil
        }
    }

    // MARK: - For programs

    var json: Value {
        [
            "run": .string(record.id.rawValue), "workflow": .string(record.workflow),
            "version": .integer(record.version),
            "status": .string(status), "bundle": .string(record.bundle), "by": .string(machine.header?.by.name ?? ""),
            "created": .string(record.createdAt.iso8601), "updated": .string(record.updatedAt.iso8601),
            "parent": record.parent.map { .string($0.rawValue) } ?? .null,
            "inputs": .object(machine.header?.inputs ?? [:]),
            "secrets": .object((machine.header?.secretSources ?? [:]).mapValues { .string($0) }),
            "outputs": .object(machine.outputs),
            "steps": .array(machine.instances.map(json)),
        ]
    }

    private func json(_ id: InstanceID) -> Value {
        let state = machine[id]
        var object: [String: Value] = [
            "id": .string(machine.graph.name(of: id)), "uses": .string(workflow.definition.steps[id.step].uses),
            "status": .string(state.status.rawValue), "attempts": .integer(state.attempts),
            "started": state.startedAt.map { .string($0.iso8601) } ?? .null,
            "ended": state.endedAt.map { .string($0.iso8601) } ?? .null,
            "changed": .bool(state.effect != .none), "output": state.output.map { .object($0) } ?? .null,
        ]
        if let failure = state.failure {
            object["error"] = [
                "kind": .string(failure.kind.rawValue), "message": .string(failure.message),
                "object": failure.object.map { .string($0) } ?? .null,
                "remedy": failure.remedy.map { .string($0) } ?? .null,
            ]
        }
        if case .unknown(let reason) = state.phase { object["reason"] = .string(reason) }
        if case .skipped(let reason) = state.phase { object["reason"] = .string(reason) }
        if !state.left.isEmpty { object["left"] = .array(state.left.map { .string($0) }) }
        return .object(object)
    }
}

extension Value {
    /// For one line of a report.
    var shortText: String {
        let text = stringValue ?? canonicalJSON
        return text.count > 200 ? "\(text.prefix(200))…" : text
    }
}
