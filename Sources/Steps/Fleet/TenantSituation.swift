package import Workflow

/// What is known of one tenant: what is wanted, what the registry says, and how its last run ended. From this alone
/// follows what to do next, so that a fleet that was stopped at any moment goes on where it was.
package struct TenantSituation: Sendable {
    /// What a run is for.
    package enum Purpose: String, Hashable, Sendable {
        case create, update, delete
    }

    package struct Run: Hashable, Sendable {
        package var id: RunID
        /// Nil: something that the fleet does not do by itself, such as to suspend.
        package var purpose: Purpose?
        package var status: RunStatus
        package var inputs: [String: Value]

        package init(id: RunID, purpose: Purpose?, status: RunStatus, inputs: [String: Value]) {
            self.id = id
            self.purpose = purpose
            self.status = status
            self.inputs = inputs
        }
    }

    package enum Move: Hashable, Sendable {
        /// All is as wanted.
        case none
        case start(Purpose)
        case resume(RunID, Purpose?)
        /// What was begun is not wanted any more, or otherwise: it is undone first.
        case rollBack(RunID)
        /// Somebody has to decide.
        case blocked(String, fix: String)
    }

    package let name: String
    /// Nil: not wanted.
    package let wanted: [String: Value]?
    /// Nil: there is none.
    package let tenant: Tenant?
    /// The newest run on this tenant.
    package let run: Run?

    package init(name: String, wanted: [String: Value]?, tenant: Tenant?, run: Run?) {
        self.name = name
        self.wanted = wanted
        self.tenant = tenant.flatMap { $0.exists ? $0 : nil }
        self.run = run
    }

    /// The inputs that are wanted otherwise than the tenant was brought to.
    package var changes: [Change] {
        guard let wanted, let tenant else { return [] }
        return wanted.keys.sorted().filter { wanted[$0] != tenant.settings[$0] ?? .null }.map { key in
            Change(key, from: tenant.settings[key].flatMap { $0.isNull ? .none : $0 }, to: wanted[key])
        }
    }

    package var move: Move {
        if let run {
            // What is under way ends first, whatever it is.
            if !run.status.isSettled { return .resume(run.id, run.purpose) }
            switch run.status {
            case .unknown:
                return .blocked("the outcome of a step of run \(run.id) is unknown", fix: "runner show \(run.id)")
            case .rollbackFailed: return .rollBack(run.id)
            case .failed, .cancelled: if let move = move(after: run) { return move }
            default: break
            }
        }
        return standing
    }

    /// What a run that stopped half-way asks for; nil: nothing, or something that is not the fleet's.
    private func move(after run: Run) -> Move? {
        let isHalfMade = tenant == nil || tenant?.state == .creating
        switch run.purpose {
        case .create where isHalfMade:
            return wanted != nil && isWanted(run) ? .resume(run.id, .create) : .rollBack(run.id)
        case .create, .update:
            guard wanted != nil else { return nil }
            return isWanted(run) ? .resume(run.id, run.purpose) : .start(.update)
        case .delete:
            guard wanted == nil else {
                return .blocked(
                    "it is wanted, and half deleted by run \(run.id)",
                    fix: "finish that with 'runner resume \(run.id)', or undo it with 'runner rollback \(run.id)'")
            }
            return .resume(run.id, .delete)
        case nil: return nil
        }
    }

    /// What the registry asks for.
    private var standing: Move {
        guard wanted != nil else { return tenant == nil ? .none : .start(.delete) }
        switch tenant?.state {
        case nil, .creating, .deleted: return .start(.create)
        case .active: return changes.isEmpty ? .none : .start(.update)
        case .suspended:
            guard !changes.isEmpty else { return .none }
            return .blocked("it is suspended, and wanted otherwise", fix: "runner tenant resume \(name)")
        case .deleting:
            return .blocked(
                "it is wanted, and being deleted by run \(tenant?.changedBy ?? "")",
                fix: "let that end, or undo it with 'runner rollback'")
        }
    }

    /// Whether a run works towards what is wanted now.
    private func isWanted(_ run: Run) -> Bool {
        guard let wanted else { return false }
        return run.inputs.allSatisfy { key, value in wanted[key].map { $0 == value } ?? true }
    }
}

extension Tenant {
    /// What is known of the tenant and a workflow asks for: its name, company and namespace, and the inputs it was
    /// brought to.
    package func inputs(for definition: WorkflowDefinition) -> [String: Value] {
        var known = settings
        known[FleetFile.nameInput] = .string(name)
        if let company { known["company"] = .string(company) }
        if let namespace { known["namespace"] = .string(namespace) }
        return definition.inputs.reduce(into: [:]) { inputs, input in
            if !input.secret, let value = known[input.name] { inputs[input.name] = value }
        }
    }
}
