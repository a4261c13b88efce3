import ArgumentParser
import Foundation
import Steps
import Workflow

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks at everything the program needs: tools, cluster, database, key, disk.",
        discussion: """
            What only some workflows need is marked with -- where it is missing, and counts for nothing.

            Ends with 0 where all is well, with 69 where something is missing.
            """)
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        var isWell = true
        for check in await Doctor(options: database).checks() {
            let mark = check.isWell ? "ok  " : check.isOptional ? "--  " : "FAIL"
            Terminal.print("\(mark) \(check.subject): \(check.finding)")
            if let fix = check.fix, !check.isWell { Terminal.print("       fix: \(fix)") }
            isWell = isWell && (check.isWell || check.isOptional)
        }
        try Task.checkCancellation()
        if !isWell { throw ExitStatus.unavailable }
    }
}

/// Looks at what the program needs.
private struct Doctor {
    let options: DatabaseOption

    struct Check {
        var subject: String
        var isWell = true
        var finding: String
        /// What to do where it is not well.
        var fix: String?
        /// Not every workflow needs it.
        var isOptional = false
    }

    private static let programs: [(name: String, arguments: [String], fix: String, isOptional: Bool)] = [
        ("kubectl", ["version", "--client"], "https://kubernetes.io/docs/tasks/tools/", false),
        ("helm", ["version", "--short"], "https://helm.sh/docs/intro/install/", false),
        ("unzip", ["-v"], "install the package unzip; archive.unzip needs it", true),
        ("python3", ["--version"], "install the package python3; clearml.applications needs it", true),
    ]

    func checks() async -> [Check] {
        var checks = [Check(subject: "program", finding: "runner \(RunnerProgram.version)"), workflows]
        checks += await journal()
        checks += [key, disk]
        let runner = SecretProgram(environment: options.environment)
        for program in Self.programs {
            checks.append(
                await check(runner, program.name, program.arguments, isOptional: program.isOptional, fix: program.fix) {
                    $0.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                })
        }
        checks.append(
            await check(
                runner, "kubectl", ["get", "--raw", "/readyz", "--request-timeout", "10s"], as: "cluster",
                isOptional: true, fix: "check KUBECONFIG, and that the API server is up"
            ) { _ in "its API answers" })
        return checks
    }

    private var workflows: Check {
        let names = WorkflowSource.names(options.environment)
        return Check(
            subject: "workflows", isWell: !names.isEmpty,
            finding: names.isEmpty ? "none are known by name" : names.joined(separator: ", "),
            fix: "name their folder with RUNNER_WORKFLOWS, or give paths", isOptional: true)
    }

    private func journal() async -> [Check] {
        let place = options.home().database
        do {
            return try await Session.open(options, isMade: options.database == nil) { session in
                let runs = try await session.journal.runs(RunQuery(includesChildren: true))
                let owner = try await session.owner().map { "\($0) drives the runs" }
                return [
                    Check(subject: "database", finding: "\(place), \(runs.count) runs"),
                    Check(subject: "owner", finding: owner ?? "nobody drives runs now"),
                    clock(now: session.time.now(), newest: runs.map(\.updatedAt).max()),
                ]
            }
        } catch {
            return [failure("database", error)]
        }
    }

    private var key: Check {
        do {
            _ = try options.home().sealer()
            let advice = "keep a copy with your backups, but not beside the database's"
            return Check(subject: "key", finding: "\(options.home().keyFile); \(advice)")
        } catch {
            return failure("key", error)
        }
    }

    /// The error's own text says what to do.
    private func failure(_ subject: String, _ error: any Error) -> Check {
        Check(subject: subject, isWell: false, finding: CommandFailure(explaining: error).description)
    }

    /// Timers, leases and the audit rest on the wall clock.
    private func clock(now: Timestamp, newest: Timestamp?) -> Check {
        guard let newest, newest > now + .seconds(5) else { return Check(subject: "clock", finding: now.iso8601) }
        return Check(
            subject: "clock", isWell: false,
            finding: "\(now.iso8601), before the newest entry of the journal (\(newest.iso8601))",
            fix: "set the clock; a time service keeps it right")
    }

    private var disk: Check {
        let folder = FileManager.default.fileExists(atPath: options.home().folder) ? options.home().folder : "/"
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else {
            return Check(
                subject: "disk", isWell: false, finding: "\(folder) cannot be looked at", fix: "check its owner")
        }
        return Check(
            subject: "disk", isWell: free > 512 << 20, finding: "\(free >> 20) MiB free in \(folder)",
            fix: "free some space")
    }

    /// - Parameter finding: What the program's output says.
    private func check(
        _ runner: SecretProgram, _ program: String, _ arguments: [String], as subject: String? = nil, isOptional: Bool,
        fix: String, _ finding: (String) -> String
    ) async -> Check {
        do throws(StepError) {
            let output = try await runner.output(of: [program] + arguments)
            return Check(subject: subject ?? program, finding: finding(output), isOptional: isOptional)
        } catch {
            return Check(
                subject: subject ?? program, isWell: false, finding: error.message, fix: fix, isOptional: isOptional)
        }
    }
}
