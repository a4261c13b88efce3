import ArgumentParser
import Steps
import Workflow

struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Compares tenants with the world. Only looks; changes nothing.",
        discussion: """
            Each active tenant is looked at as a plan of the workflow that made it would, with the inputs and the secrets that \
            it was last made or changed with: what that would make or change has drifted. One that is suspended is looked at \
            as a plan of tenant-suspend would, and named. Those that are being made or deleted are named and not looked at. \
            Ends with 0, with 2 where something has drifted, whatever else is true ('runner tenant update NAME' brings \
            that back), and else with 1 where a tenant could not be looked at.
            """)
    @Argument(help: "Only these tenants.") var tenants: [String] = []
    @Option(
        help: ArgumentHelp(
            "Compare with this workflow, in place of the one that made the tenant.", valueName: "workflow"))
    var workflow: String?
    @OptionGroup var bindings: SecretOptions
    @Option(help: ArgumentHelp("How many tenants are looked at at once.", valueName: "number")) var parallel = 4
    @Flag(help: "One JSON object a tenant.") var json = false
    @OptionGroup var database: DatabaseOption

    func validate() throws {
        guard parallel >= 1 else { throw ValidationError("--parallel needs at least 1") }
    }

    func run() async throws {
        try await Session.open(database) { session in
            let check = DriftCheck(
                session: session, sources: try bindings.sources(),
                workflow: try workflow.map {
                    try WorkflowSource(catalog: session.catalog, environment: session.environment).load($0)
                })
            let asked = try await asked(session)
            let due = asked.filter { [.active, .suspended].contains($0.state) }
            let pending = asked.filter { ![.active, .suspended].contains($0.state) }
            var counts = (drifted: 0, failed: 0)
            try await withThrowingTaskGroup(of: DriftReport.self) { group in
                var rest = due[...]
                for tenant in rest.prefix(parallel) { group.addTask { try await check.look(at: tenant) } }
                rest = rest.dropFirst(parallel)
                while let report = try await group.next() {
                    // Else what was stopped would be shown as what could not be looked at.
                    try Task.checkCancellation()
                    if let tenant = rest.popFirst() { group.addTask { try await check.look(at: tenant) } }
                    if report.isDrifted { counts.drifted += 1 }
                    if report.isFailed { counts.failed += 1 }
                    if json {
                        Terminal.print(report.json.canonicalJSON)
                    } else if report.isDrifted || report.isFailed {
                        Terminal.print(report.text)
                    }
                }
            }
            for tenant in pending where json { Terminal.print(DriftReport.json(unseen: tenant).canonicalJSON) }
            if !json {
                let between = pending.map { "; \($0.name) is \($0.state.rawValue), and was not looked at" }.joined()
                let unseen = counts.failed > 0 ? ", \(counts.failed) could not be looked at" : ""
                let suspended = due.filter { $0.state == .suspended }.map(\.name).joined(separator: ", ")
                let whose = suspended.isEmpty ? "active tenants" : "tenants"
                let named = suspended.isEmpty ? "" : "; suspended: \(suspended)"
                Terminal.print("\(counts.drifted) of \(due.count) \(whose) have drifted\(unseen)\(named)\(between)")
            }
            // One that cannot be looked at must not hide that others have drifted.
            if counts.drifted > 0 { throw ExitStatus.changes }
            if counts.failed > 0 { throw ExitStatus.failed }
        }
    }

    private func asked(_ session: Session) async throws -> [Tenant] {
        let known = try await session.tenants.tenants().filter(\.exists)
        if let missing = tenants.first(where: { name in !known.contains { $0.name == name } }) {
            throw CommandFailure(.notFound, "there is no tenant '\(missing)'", fix: "see 'runner tenant list'")
        }
        return known.filter { tenants.isEmpty || tenants.contains($0.name) }
    }
}
