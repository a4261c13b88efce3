import ArgumentParser
import Foundation
import Steps
import Workflow

/// Something that a workflow does with a tenant.
protocol TenantAction: Sendable {
    static var name: String { get }
    static var abstract: String { get }
    static var workflow: String { get }
    /// Nil: there must be no such tenant yet.
    static var states: Set<Tenant.State>? { get }
}

enum CreateTenant: TenantAction {
    static let (name, workflow) = ("create", "tenant-create")
    static let abstract = "Makes a tenant, with all it needs."
    static let states: Set<Tenant.State>? = nil
}

enum UpdateTenant: TenantAction {
    static let (name, workflow) = ("update", "tenant-update")
    static let abstract = "Changes a tenant: inputs that are not given stay as they are."
    static let states: Set<Tenant.State>? = [.active]
}

enum SuspendTenant: TenantAction {
    static let (name, workflow) = ("suspend", "tenant-suspend")
    static let abstract = "Keeps all of a tenant, and lets nobody use it."
    static let states: Set<Tenant.State>? = [.active, .suspended]
}

enum ResumeTenant: TenantAction {
    static let (name, workflow) = ("resume", "tenant-resume")
    static let abstract = "Lets a suspended tenant be used again."
    static let states: Set<Tenant.State>? = [.active, .suspended]
}

enum RotateTenant: TenantAction {
    static let (name, workflow) = ("rotate", "tenant-rotate-credentials")
    static let abstract = "Gives a tenant new access keys, and revokes the old ones once the new ones are in use."
    // A suspended tenant's agent is stopped, and to upgrade it would start it.
    static let states: Set<Tenant.State>? = [.active]
}

enum DeleteTenant: TenantAction {
    static let (name, workflow) = ("delete", "tenant-delete")
    static let abstract = "Deletes a tenant and all that is its own."
    static let states: Set<Tenant.State>? = [.active, .suspended, .deleting]
}

enum AdoptTenant: TenantAction {
    static let (name, workflow) = ("adopt", "tenant-adopt")
    static let abstract = "Takes a tenant that was made by hand into the registry. Changes nothing else."
    static let states: Set<Tenant.State>? = nil
}

/// `runner tenant create` and its like: a run of the action's workflow, with what the registry knows of the tenant as its
/// inputs. Listed only where there is that workflow.
struct TenantActionCommand<Action: TenantAction>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Action.name, abstract: Action.abstract,
            discussion: """
                Starts workflow \(Action.workflow) and follows it, as 'runner run' does; 'runner inputs \(Action.workflow)' \
                lists what it can be given. \(ending)
                """,
            shouldDisplay: WorkflowSource.names(ProcessInfo.processInfo.environment).contains(Action.workflow))
    }

    private static var ending: String {
        guard Action.states != nil else {
            return """
                Ends as 'runner run' does, and with 3 where there is a tenant of that name, or a run on it that has not come \
                to its end.
                """
        }
        return """
            Inputs that are not given come from the registry where it knows them. Ends as 'runner run' does, with 3 where \
            the tenant is in no state for this or a run on it has not come to its end, and with 66 where there is no such \
            tenant.
            """
    }

    @Argument(help: "The tenant's name.") var tenant: String
    @OptionGroup var given: GivenOptions
    @Option(help: ArgumentHelp("How many steps run at once.", valueName: "number")) var parallel = 8
    @OptionGroup var show: ViewOptions
    @OptionGroup var database: DatabaseOption

    func validate() throws {
        guard parallel >= 1 else { throw ValidationError("--parallel needs at least 1") }
    }

    func run() async throws {
        try await Session.open(database, isMade: true) { session in
            let workflow = try WorkflowSource(catalog: session.catalog, environment: session.environment)
                .load(Action.workflow)
            let known = try await known(session, workflow.definition)
            let prepared = try await PreparedRun(
                workflow, values: known.merging(try given.fileValues()) { $1 }, texts: try given.texts(),
                sources: try given.bindings.sources(), session)
            let request = try await prepared.start(session, parallel: parallel, group: Tenant.group(tenant))
            if !show.json { Terminal.print("run \(request.run)") }
            let status = try await Driver(session: session).drive(request, view: show.view(session.environment))
            if !show.json { try await session.tellEnding(of: request.run) }
            throw ExitStatus(status)
        }
    }

    /// What the registry gives to the workflow.
    private func known(_ session: Session, _ definition: WorkflowDefinition) async throws -> [String: Value] {
        let found = try await session.tenants.tenant(tenant).flatMap { $0.exists ? $0 : nil }
        try await requireSettled(session, found)
        guard let states = Action.states else {
            guard found == nil else {
                throw CommandFailure(
                    .waits, "there is a tenant '\(tenant)' already",
                    fix: "see 'runner tenant show \(tenant)'; 'runner tenant update \(tenant)' changes it")
            }
            return [FleetFile.nameInput: .string(tenant)]
        }
        guard let found else {
            throw CommandFailure(.notFound, "there is no tenant '\(tenant)'", fix: "see 'runner tenant list'")
        }
        guard states.contains(found.state) else {
            throw CommandFailure(
                .waits, "tenant '\(tenant)' is \(found.state.rawValue)",
                fix: found.state == .suspended
                    ? "let it be used again first: runner tenant resume \(tenant)"
                    : "see 'runner tenant show \(tenant)'")
        }
        return found.inputs(for: definition)
    }

    /// A second run over one that stopped half-way would meet its leftovers as a stranger's.
    private func requireSettled(_ session: Session, _ found: Tenant?) async throws {
        guard let found, [.creating, .deleting].contains(found.state),
            let run = try await session.journal.runs(RunQuery(id: RunID(found.changedBy))).first,
            ![.succeeded, .rolledBack].contains(run.status)
        else { return }
        throw CommandFailure(
            .waits, "run \(run.id) on tenant '\(tenant)' has not come to its end",
            fix: "go on with it: runner resume \(run.id), or undo it: runner rollback \(run.id)")
    }
}
