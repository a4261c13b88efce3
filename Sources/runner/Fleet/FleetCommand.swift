import ArgumentParser
import Foundation
import Steps
import Workflow

struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "All tenants at once: brings them to what a file says.",
        discussion: """
            The file lists the tenants wanted; their keys are the inputs of the workflow that makes tenants ('runner inputs \
            tenant-create' lists them; others that it needs are left out here):

              defaults: { features: [applications] }
              tenants:
                acme: { admin: { email: ada@acme.example } }
                beta:
                  admin: { email: bob@beta.example }
                  features: [applications, reports]

            Other workflows than tenant-create, tenant-update and tenant-delete are named under 'workflows', as 'create', \
            'update' and 'delete'.

            Refused before anything starts: two tenants with one company, namespace, gateway host, administrator's e-mail or
            e-mail domain, and more session ports than the registry has left.
            """,
        subcommands: [Plan.self, Apply.self])

    struct FileOptions: ParsableArguments {
        @Option(
            name: [.customShort("f"), .customLong("file")],
            help: ArgumentHelp("The file that lists the tenants.", valueName: "file"),
            completion: Candidates.inputFiles)
        var file = "tenants.yaml"
        @OptionGroup var bindings: SecretOptions
        @Flag(help: "JSON instead of text.") var json = false
        @OptionGroup var database: DatabaseOption

        func open<T>(_ body: (Fleet) async throws -> T) async throws -> T {
            try await Session.open(database, isMade: true) { session in
                try await body(try Fleet(file, sources: try bindings.sources(), session))
            }
        }
    }

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what would be created, changed and removed. Changes nothing.",
            discussion: """
                + to be made, ~ to be changed, - to be removed, ↶ to be undone first, ✗ needs a decision. Compares the file \
                with the registry. Ends with 0, with 3 where somebody has to decide, and with --exit-code with 2 where \
                anything would change.
                """)
        @OptionGroup var options: FileOptions
        @Flag(help: "End with 2 where something would change.") var exitCode = false

        func run() async throws {
            try await options.open { fleet in
                let situations = try await fleet.situations()
                try fleet.requireWorkflows(for: situations)
                try await fleet.requirePorts()
                let plan = FleetPlan(situations)
                Terminal.print(try options.json ? Value(encoding: plan).canonicalJSON : plan.text)
                if plan.count(.blocked) > 0 { throw ExitStatus.waits }
                if exitCode, !plan.isEmpty { throw ExitStatus.changes }
            }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings all tenants to what the file says.",
            discussion: """
                Each tenant is changed by a run of its own ('runner show RUN'). Stopped at any moment, the same command goes \
                on: what was begun is finished first. Where another process drives the runs of the database, it drives \
                these too. Ends with 0 where all is as wanted, with 1 where a tenant failed, and with 3 where one waits for a \
                decision.
                """)
        @OptionGroup var options: FileOptions
        @Option(help: ArgumentHelp("How many tenants are worked on at once.", valueName: "number")) var parallel = 4
        @Option(
            help: ArgumentHelp("With so many failures no other tenant is begun.", valueName: "number"))
        var maxFailures = 1
        @Option(
            help: ArgumentHelp(
                "So many tenants of those to be changed go first, and have to succeed.", valueName: "number"))
        var canary = 0
        @Flag(help: "Removes tenants that are not in the file; without it they are left alone.") var prune = false

        func validate() throws {
            guard parallel >= 1 else { throw ValidationError("--parallel needs at least 1") }
            guard maxFailures >= 1 else { throw ValidationError("--max-failures needs at least 1") }
            guard canary >= 0 else { throw ValidationError("--canary needs a number of tenants") }
        }

        func run() async throws {
            try await options.open(apply)
        }

        private func apply(_ fleet: Fleet) async throws {
            let all = try await fleet.situations()
            let left = all.filter { $0.wanted == nil && !prune }.map(\.name)
            if !left.isEmpty, !options.json {
                Terminal.note("not in the file, and left alone without --prune: \(left.joined(separator: ", "))")
            }
            let driver = Driver(session: fleet.session)
            while true {
                let due = changing(try await fleet.situations())
                try fleet.requireWorkflows(for: due)
                if due.contains(where: { $0.wanted != nil }) { try await fleet.requirePorts() }
                guard !due.isEmpty else {
                    guard !options.json else { return }
                    return Terminal.print("nothing to do: all \(fleet.tenants.count) tenants are as wanted")
                }
                let outcomes = try await driver.ask { ask in
                    // Runs that are about to begin must be seen, or they would be begun twice.
                    try await driver.untilAllIsAnswered()
                    return try await FleetRunner(
                        fleet: fleet, ask: ask,
                        limits: FleetRunner.Limits(parallel: parallel, failures: maxFailures, canary: canary),
                        report: FleetReport(isJSON: options.json)
                    ).run(changing(try await fleet.situations()))
                }
                if let outcomes { return try conclude(outcomes, of: due.count) }
                Terminal.note("that process has ended: going on here")
            }
        }

        private func changing(_ situations: [TenantSituation]) -> [TenantSituation] {
            situations.filter { $0.move != .none && ($0.wanted != nil || prune) }
        }

        private func conclude(_ outcomes: [String: FleetRunner.Outcome], of due: Int) throws {
            let done = outcomes.values.count(where: \.isDone)
            let waiting = outcomes.values.count { if case .waits = $0 { true } else { false } }
            let failed = outcomes.values.count { if case .failed = $0 { true } else { false } }
            if !options.json {
                var parts = ["\(done) done"]
                if failed > 0 { parts.append("\(failed) failed") }
                if waiting > 0 { parts.append("\(waiting) wait for a decision") }
                if due > outcomes.count { parts.append("\(due - outcomes.count) not begun") }
                Terminal.print(parts.joined(separator: ", "))
            }
            if failed > 0 { throw ExitStatus.failed }
            if waiting > 0 { throw ExitStatus.waits }
        }
    }
}
