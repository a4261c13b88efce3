import Foundation
import Steps
import Workflow

/// The tenants of a file beside those of the registry, and the runs on them.
struct Fleet: Sendable {
    let session: Session
    let tenants: [WantedTenant]
    /// Where the secrets of all runs come from, by name.
    let sources: [String: String]
    private let workflows: [TenantSituation.Purpose: Workflow]
    private let names: FleetFile.Workflows

    /// - Parameter path: Of the file that lists the tenants wanted.
    init(_ path: String, sources: [String: String], _ session: Session) throws {
        guard let text = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.notFound, "there is no file \(path)", fix: "correct the path after -f")
        }
        let file = try FleetFile(yaml: String(decoding: text, as: UTF8.self), file: path)
        let source = WorkflowSource(catalog: session.catalog, environment: session.environment)
        let create = try source.load(file.workflows.create)
        var workflows = [TenantSituation.Purpose.create: create]
        // The others may be missing for as long as no tenant is to be changed or deleted.
        for (purpose, name) in [
            (TenantSituation.Purpose.update, file.workflows.update), (.delete, file.workflows.delete),
        ] {
            if (try? source.path(of: name)) != nil { workflows[purpose] = try source.load(name) }
        }
        tenants = try file.tenants(create.definition)
        self.workflows = workflows
        names = file.workflows
        self.sources = sources
        self.session = session
    }

    /// How all tenants stand: those of the file in its order, then those that only the registry has.
    func situations() async throws -> [TenantSituation] {
        let known = try await session.tenants.tenants()
        let byName = Dictionary(known.map { ($0.name, $0) }) { $1 }
        // Newest first: the first of each group counts.
        let runs = Dictionary(
            try await session.journal.runs(RunQuery()).compactMap { run in run.group.map { ($0, run) } }
        ) { first, _ in first }
        var situations: [TenantSituation] = []
        for tenant in tenants {
            situations.append(try await situation(tenant.name, tenant.inputs, byName[tenant.name], runs))
        }
        let wanted = Set(tenants.map(\.name))
        for tenant in known where !wanted.contains(tenant.name) {
            let situation = try await situation(tenant.name, nil, tenant, runs)
            if situation.move != .none { situations.append(situation) }
        }
        return situations
    }

    /// How one tenant stands now.
    func situation(_ name: String, wanted: [String: Value]?) async throws -> TenantSituation {
        let group = Tenant.group(name)
        let newest = try await session.journal.runs(RunQuery(group: group, limit: 1)).first
        return try await situation(
            name, wanted, try await session.tenants.tenant(name), newest.map { [group: $0] } ?? [:])
    }

    private func situation(
        _ name: String, _ wanted: [String: Value]?, _ tenant: Tenant?, _ runs: [String: RunRecord]
    ) async throws -> TenantSituation {
        guard let record = runs[Tenant.group(name)] else {
            return TenantSituation(name: name, wanted: wanted, tenant: tenant, run: nil)
        }
        var run = TenantSituation.Run(
            id: record.id, purpose: purpose(of: record), status: record.status, inputs: [:])
        if [.failed, .cancelled].contains(record.status),
            case .created(let header)? = try await session.journal.entries(of: record.id, after: 0).first?.events.first
        {
            run.inputs = header.inputs
        }
        return TenantSituation(name: name, wanted: wanted, tenant: tenant, run: run)
    }

    private func purpose(of run: RunRecord) -> TenantSituation.Purpose? {
        workflows.first { $0.value.definition.name == run.workflow }?.key
    }

    /// What starts a run on a tenant.
    func start(_ purpose: TenantSituation.Purpose, _ situation: TenantSituation) async throws -> EngineRequest {
        let workflow = try workflow(purpose)
        var inputs =
            situation.tenant?.inputs(for: workflow.definition) ?? [FleetFile.nameInput: .string(situation.name)]
        let declared = Set(workflow.definition.inputs.map(\.name))
        inputs.merge((situation.wanted ?? [:]).filter { declared.contains($0.key) }) { $1 }
        if purpose == .update, let fixed = situation.changes.map(\.path).first(where: { !declared.contains($0) }) {
            throw CommandFailure(
                .badData,
                "'\(fixed)' of tenant '\(situation.name)' cannot be changed: workflow "
                    + "'\(workflow.definition.name)' has no such input",
                fix: "set it back, or remove the tenant and make it anew")
        }
        let prepared = try await PreparedRun(workflow, values: inputs, sources: sources(for: workflow), session)
        return try await prepared.start(session, parallel: 8, group: Tenant.group(situation.name))
    }

    /// - Throws: Where a tenant asks for a workflow that is not there.
    func requireWorkflows(for situations: [TenantSituation]) throws {
        for situation in situations {
            if case .start(let purpose) = situation.move { _ = try workflow(purpose) }
        }
        let known = Set(workflows.values.flatMap { Self.secretNames($0.definition) })
        if let unknown = sources.keys.sorted().first(where: { !known.contains($0) }) {
            throw CommandFailure(
                .badData, "no workflow of the fleet has a secret '\(unknown)'",
                fix: known.isEmpty
                    ? "leave it out; they take none" : "use one of \(known.sorted().joined(separator: ", "))")
        }
    }

    /// - Throws: Where the tenants of the file want more ports than there are, before any of them is begun.
    func requirePorts() async throws {
        // Another workflow may take its ports from elsewhere.
        guard names.create == FleetFile.Workflows().create else { return }
        let lacking = FleetPorts.lacking(tenants, leases: try await session.tenants.leases())
        guard let first = lacking.first else { return }
        throw CommandFailure(
            .badData,
            "there are not enough NodePorts: \(lacking.count) of the \(tenants.count) tenants get no window, the first "
                + "of them '\(first)'",
            fix: "lower 'ports.count', or 'ports.enabled: false' where none are needed, or delete tenants")
    }

    private func workflow(_ purpose: TenantSituation.Purpose) throws -> Workflow {
        if let workflow = workflows[purpose] { return workflow }
        let name = purpose == .update ? names.update : names.delete
        throw CommandFailure(
            .notFound, "there is no workflow '\(name)', and a tenant is to be \(purpose.rawValue)d",
            fix: "name one in the file: workflows: { \(purpose.rawValue): PATH }")
    }

    private func sources(for workflow: Workflow) -> [String: String] {
        let names = Self.secretNames(workflow.definition)
        return sources.filter { names.contains($0.key) }
    }

    private static func secretNames(_ definition: WorkflowDefinition) -> Set<String> {
        Set(definition.secrets.map(\.name) + definition.inputs.filter(\.secret).map(\.name))
    }
}

extension Tenant {
    /// The concurrency group of all runs on a tenant: one at a time, and the way to find them again.
    static func group(_ name: String) -> String { "tenant/\(name)" }
}
