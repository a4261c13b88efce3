import Steps
import Workflow

/// Looks at the world of a tenant as the workflow that made it would.
struct DriftCheck: Sendable {
    let session: Session
    /// Where secrets come from, in place of those that the tenant's run keeps.
    let sources: [String: String]
    /// Nil: the one that made the tenant (or changed an adopted one), or that suspends one that is suspended.
    let workflow: Workflow?

    func look(at tenant: Tenant) async throws -> DriftReport {
        do {
            return DriftReport(tenant: tenant.name, plan: try await plan(tenant), problem: nil)
        } catch {
            return DriftReport(tenant: tenant.name, plan: nil, problem: CommandFailure(explaining: error).description)
        }
    }

    private func workflow(for tenant: Tenant, madeBy record: RunRecord) async throws -> Workflow {
        if let workflow { return workflow }
        guard tenant.state == .suspended else { return try await session.workflow(of: record) }
        return try WorkflowSource(catalog: session.catalog, environment: session.environment)
            .load(SuspendTenant.workflow)
    }

    /// The run that tells what the tenant consists of: the one that made it. The one that adopted it has made nothing, so there
    /// it is the last that has changed it.
    private func origin(of tenant: Tenant) async throws -> RunRecord {
        guard let record = try await session.journal.runs(RunQuery(id: RunID(tenant.madeBy))).first else {
            throw CommandFailure(
                .notFound, "run \(tenant.madeBy), which made tenant '\(tenant.name)', is not in this database",
                fix: "name a workflow to compare with: --workflow")
        }
        guard record.workflow == AdoptTenant.workflow else { return record }
        let update = try await session.journal.runs(
            RunQuery(
                workflow: UpdateTenant.workflow, statuses: [.succeeded], group: Tenant.group(tenant.name), limit: 1)
        ).first
        guard let update, update.createdAt >= record.createdAt else { return record }
        return update
    }

    /// The secrets that the tenant's runs keep: a later one may have been given newer ones, which are in force then.
    private func keptSecrets(of tenant: Tenant, since record: RunRecord) async throws -> [String: String] {
        let newestFirst = try await session.journal.runs(
            RunQuery(statuses: [.succeeded], group: Tenant.group(tenant.name)))
        let later = newestFirst.filter { $0.createdAt >= record.createdAt && $0.id != record.id }.reversed()
        var secrets: [String: String] = [:]
        for run in [record] + later {
            guard let kept = try await session.journal.sealedSecrets(of: run.id) else { continue }
            secrets.merge(try session.home.sealer().open(kept, context: run.id.rawValue)) { $1 }
        }
        return secrets
    }

    private func plan(_ tenant: Tenant) async throws -> Plan {
        let record = try await origin(of: tenant)
        let workflow = try await workflow(for: tenant, madeBy: record)
        let definition = workflow.definition
        var secrets = try await keptSecrets(of: tenant, since: record)
        secrets.merge(try await SecretSource(environment: session.environment).fetch(sources)) { $1 }
        let secretInputs = Set(definition.inputs.filter(\.secret).map(\.name))
        var inputs = tenant.inputs(for: definition)
        inputs.merge(try definition.coerceInputs(secrets.filter { secretInputs.contains($0.key) })) { $1 }
        let planner = Planner(catalog: session.catalog, time: session.time, dataDirectory: session.home.dataDirectory)
        return try await planner.plan(
            workflow, inputs: try definition.resolveInputs(given: inputs), secrets: secrets)
    }
}

/// How a tenant stands beside what it was made to be.
struct DriftReport: Sendable {
    let tenant: String
    let plan: Plan?
    /// Why it could not be looked at at all.
    let problem: String?

    /// What would be made or changed. What only a run can find out is no drift.
    private var drifted: [PlannedStep] { steps { [.create, .change].contains($0.action) } }
    private var failed: [PlannedStep] { steps { $0.action == .failed } }

    var isDrifted: Bool { !drifted.isEmpty }
    var isFailed: Bool { problem != nil || !failed.isEmpty }

    private func steps(_ isMeant: (PlannedStep) -> Bool) -> [PlannedStep] {
        func leaves(_ steps: [PlannedStep]) -> [PlannedStep] {
            steps.flatMap { $0.steps.isEmpty ? [$0] : leaves($0.steps) }
        }
        return leaves(plan?.steps ?? []).filter(isMeant)
    }

    var text: String {
        var lines = ["\(isFailed ? "✗" : "~") \(tenant)\(problem.map { ": \($0)" } ?? "")"]
        for step in drifted {
            lines.append("    \(step.id): \(step.action == .create ? "is gone" : "differs")")
            for change in step.changes {
                let (from, to) = (change.from?.shortText ?? "nothing", change.to?.shortText ?? "nothing")
                lines.append("      \(change.path): \(from), and should be \(to)")
            }
        }
        for step in failed { lines.append("    \(step.id): could not be looked at: \(step.reason ?? "")") }
        return lines.joined(separator: "\n")
    }

    var json: Value {
        [
            "tenant": .string(tenant), "drifted": .bool(isDrifted), "problem": problem.map { .string($0) } ?? .null,
            "steps": .array((drifted + failed).map(Self.json)),
        ]
    }

    /// Of a tenant that is being made or deleted: there is nothing yet, or nothing any more, that it should be.
    static func json(unseen tenant: Tenant) -> Value {
        [
            "tenant": .string(tenant.name), "drifted": false, "steps": [],
            "problem": .string("it is \(tenant.state.rawValue), and was not looked at"),
        ]
    }

    private static func json(_ step: PlannedStep) -> Value {
        let changes: [Value] = step.changes.map { change in
            ["path": .string(change.path), "from": change.from ?? .null, "to": change.to ?? .null]
        }
        return [
            "id": .string(step.id), "uses": .string(step.uses), "action": .string(step.action.rawValue),
            "reason": step.reason.map { .string($0) } ?? .null, "changes": .array(changes),
        ]
    }
}
