import Workflow

/// A plan for people.
struct PlanText {
    let plan: Plan

    var text: String {
        var lines = ["plan of \(plan.workflow), version \(plan.version)"]
        add(plan.steps, indent: "  ", to: &lines)
        let counts = plan.counts
        func count(_ action: PlannedStep.Action) -> Int { counts[action, default: 0] }
        lines.append(
            "\(count(.create)) to create, \(count(.change)) to change, \(count(.none)) as wanted, \(count(.run)) only read or "
                + "wait, \(count(.unknown)) unknown until apply, \(count(.skip)) skipped"
                + (count(.failed) > 0 ? ", \(count(.failed)) could not be looked at" : ""))
        if plan.isEmpty { lines.append("nothing would change") }
        return lines.joined(separator: "\n")
    }

    private func add(_ steps: [PlannedStep], indent: String, to lines: inout [String]) {
        for step in steps {
            let point = step.isPointOfNoReturn && !step.isQuiet ? "  (point of no return)" : ""
            let reason = step.reason.map { "  " + $0.replacing("\n", with: "\n\(indent)  ") } ?? ""
            lines.append("\(indent)\(Self.mark(step.action)) \(step.id)  \(step.uses)\(point)\(reason)")
            for change in step.changes {
                let (from, to) = (change.from?.shortText ?? "nothing", change.to?.shortText ?? "nothing")
                lines.append("\(indent)    \(change.path): \(from) → \(to)")
            }
            add(step.steps, indent: indent + "    ", to: &lines)
        }
    }

    private static func mark(_ action: PlannedStep.Action) -> String {
        switch action {
        case .create: "+"
        case .change: "~"
        case .none: "="
        case .run: "·"
        case .unknown: "?"
        case .skip: "-"
        case .failed: "✗"
        }
    }
}
