import ArgumentParser
import Steps
import Workflow

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "The tenants: what there is, and what becomes of one.",
        subcommands: [
            List.self, Show.self, TenantActionCommand<CreateTenant>.self, TenantActionCommand<UpdateTenant>.self,
            TenantActionCommand<SuspendTenant>.self, TenantActionCommand<ResumeTenant>.self,
            TenantActionCommand<RotateTenant>.self, TenantActionCommand<DeleteTenant>.self,
            TenantActionCommand<AdoptTenant>.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the tenants of the registry.",
            discussion: """
                A tenant that a run has begun to make or to delete, and not finished, is listed with that run's status.
                """)
        @Flag(help: "One JSON object a tenant.") var json = false
        @Flag(help: "Deleted ones too.") var all = false
        @OptionGroup var database: DatabaseOption

        func run() async throws {
            try await Session.open(database) { session in
                let reports = try await TenantReport.all(session).filter { all || $0.tenant.exists }
                if json {
                    for report in reports { Terminal.print(report.json.canonicalJSON) }
                } else if reports.isEmpty {
                    Terminal.note("there is no tenant")
                } else {
                    Terminal.print(TenantReport.table(reports))
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows what the registry knows of a tenant.")
        @Argument(help: "The tenant's name.") var tenant: String
        @Flag(help: "One JSON object.") var json = false
        @OptionGroup var database: DatabaseOption

        func run() async throws {
            try await Session.open(database) { session in
                let reports = try await TenantReport.all(session)
                guard let report = reports.first(where: { $0.tenant.name == tenant }) else {
                    throw CommandFailure(.notFound, "there is no tenant '\(tenant)'", fix: "see 'runner tenant list'")
                }
                Terminal.print(json ? report.json.canonicalJSON : report.text)
            }
        }
    }
}
