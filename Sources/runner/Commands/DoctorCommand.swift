import ArgumentParser
import Foundation
import Steps
import Workflow

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks at everything the program needs: tools, cluster, database, key, disk.")
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        var isWell = true
        for check in await checks() {
            Terminal.print("\(check.isWell ? "ok  " : "FAIL") \(check.subject): \(check.finding)")
            if let fix = check.fix, !check.isWell { Terminal.print("       fix: \(fix)") }
            isWell = isWell && (check.isWell || check.isOptional)
        }
        if !isWell { throw ExitStatus.unavailable }
    }

    private struct Check {
        var subject: String
        var isWell: Bool
        var finding: String
        var fix: String?
        /// Not every workflow needs it.
        var isOptional = false
    }

    private func checks() async -> [Check] {
        let home = database.home()
        let environment = database.environment
        var checks: [Check] = []
        do {
            let session = try Session(database)
            let runs = try await session.journal.runs(RunQuery(includesChildren: true))
            checks.append(Check(subject: "database", isWell: true, finding: "\(home.database), \(runs.count) runs"))
            let owner = try await session.owner()
            let finding = owner.map { "\($0) drives the runs" } ?? "nobody drives runs now"
            checks.append(Check(subject: "owner", isWell: true, finding: finding))
            checks.append(clock(now: session.time.now(), newest: runs.map(\.updatedAt).max()))
        } catch {
            checks.append(
                Check(subject: "database", isWell: false, finding: CommandFailure(explaining: error).description))
        }
        do {
            _ = try home.sealer()
            let finding = "\(home.folder)/key; keep a copy with your backups, but not beside the database's"
            checks.append(Check(subject: "key", isWell: true, finding: finding))
        } catch {
            checks.append(Check(subject: "key", isWell: false, finding: CommandFailure(explaining: error).description))
        }
        checks.append(space(home))
        let programs = SecretProgram(environment: environment)
        for (name, arguments, isOptional) in [
            ("kubectl", ["version", "--client"], false), ("helm", ["version", "--short"], false),
            ("unzip", ["-v"], true),
            ("python3", ["--version"], true),
        ] {
            do {
                let text = try await programs.output(of: [name] + arguments)
                let first = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                checks.append(Check(subject: name, isWell: true, finding: first))
            } catch {
                checks.append(
                    Check(
                        subject: name, isWell: false, finding: error.message, fix: error.remedy, isOptional: isOptional)
                )
            }
        }
        do {
            _ = try await programs.output(of: ["kubectl", "get", "--raw", "/readyz", "--request-timeout", "10s"])
            checks.append(Check(subject: "cluster", isWell: true, finding: "its API answers"))
        } catch {
            checks.append(
                Check(
                    subject: "cluster", isWell: false, finding: error.message,
                    fix: "check KUBECONFIG, and that the API server is up", isOptional: true))
        }
        return checks
    }

    /// Timers, leases and the audit rest on the wall clock.
    private func clock(now: Timestamp, newest: Timestamp?) -> Check {
        guard let newest, newest > now + .seconds(5) else {
            return Check(subject: "clock", isWell: true, finding: now.iso8601)
        }
        return Check(
            subject: "clock", isWell: false,
            finding: "\(now.iso8601), before the newest entry of the journal (\(newest.iso8601))",
            fix: "set the clock; a time service keeps it right")
    }

    private func space(_ home: Home) -> Check {
        let folder = FileManager.default.fileExists(atPath: home.folder) ? home.folder : "/"
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else {
            return Check(subject: "disk", isWell: false, finding: "\(folder) cannot be looked at")
        }
        return Check(
            subject: "disk", isWell: free > 512 << 20, finding: "\(free >> 20) MiB free in \(folder)",
            fix: "free some space")
    }
}
