package import Workflow

/// What a fleet would do, in the order of the file; tenants that are not wanted come last.
package struct FleetPlan: Hashable, Sendable, Codable {
    package struct Item: Hashable, Sendable, Codable {
        package enum Action: String, Hashable, Sendable, Codable, CaseIterable {
            case create, change, remove, none
            /// What a run has begun is undone, before anything else.
            case undo
            /// Somebody has to decide.
            case blocked
        }

        package var tenant: String
        package var action: Action
        /// The inputs that would change.
        package var changes: [Change] = []
        /// The run that is gone on with, or undone.
        package var run: String?
        package var reason: String?
        package var fix: String?
    }

    package var items: [Item]

    package init(_ situations: [TenantSituation]) {
        items = situations.map(Item.init)
    }

    package func count(_ action: Item.Action) -> Int { items.count { $0.action == action } }

    /// Whether there is nothing to do.
    package var isEmpty: Bool { items.allSatisfy { $0.action == .none } }

    /// For people.
    package var text: String {
        var lines: [String] = []
        for item in items where item.action != .none {
            let run = item.run.map { "  (run \($0))" } ?? ""
            let reason = item.reason.map { "  \($0)" } ?? ""
            lines.append("\(Self.mark(item.action)) \(item.tenant)\(run)\(reason)")
            for change in item.changes {
                lines.append("    \(change.path): \(Self.text(change.from)) → \(Self.text(change.to))")
            }
            if let fix = item.fix { lines.append("    fix: \(fix)") }
        }
        lines.append(
            "\(count(.create)) to create, \(count(.change)) to change, \(count(.remove)) to remove (with --prune), "
                + "\(count(.none)) as wanted" + (count(.undo) > 0 ? ", \(count(.undo)) to undo first" : "")
                + (count(.blocked) > 0 ? ", \(count(.blocked)) need a decision" : ""))
        return lines.joined(separator: "\n")
    }

    private static func mark(_ action: Item.Action) -> String {
        switch action {
        case .create: "+"
        case .change: "~"
        case .remove: "-"
        case .none: "="
        case .undo: "↶"
        case .blocked: "✗"
        }
    }

    private static func text(_ value: Value?) -> String {
        guard let value, !value.isNull else { return "nothing" }
        return value.stringValue ?? value.canonicalJSON
    }
}

extension FleetPlan.Item {
    init(_ situation: TenantSituation) {
        self.init(tenant: situation.name, action: .none)
        switch situation.move {
        case .none: break
        case .start(let purpose): set(purpose, situation)
        case .resume(let run, let purpose):
            self.run = run.rawValue
            reason = "goes on"
            if let purpose { set(purpose, situation) } else { action = .change }
        case .rollBack(let run):
            self.run = run.rawValue
            action = .undo
        case .blocked(let reason, let fix):
            action = .blocked
            self.reason = reason
            self.fix = fix
        }
    }

    private mutating func set(_ purpose: TenantSituation.Purpose, _ situation: TenantSituation) {
        switch purpose {
        case .create: action = .create
        case .update:
            action = .change
            changes = situation.changes
        case .delete: action = .remove
        }
    }
}
