import ArgumentParser
import Foundation
import Steps
import Workflow

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the program's version.")

    func run() { Terminal.print("runner \(RunnerProgram.version)") }
}

struct CompletionsCommand: ParsableCommand {
    enum Shell: String, ExpressibleByArgument {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Prints completions for a shell.",
        discussion: "bash: runner completions bash >/etc/bash_completion.d/runner")
    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() {
        let shell: CompletionShell = shell == .bash ? .bash : shell == .zsh ? .zsh : .fish
        Terminal.print(RunnerProgram.completionScript(for: shell))
    }
}

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
            let runs = try await session.journal.runs(RunQuery(includesChildren: true)).count
            checks.append(Check(subject: "database", isWell: true, finding: "\(home.database), \(runs) runs"))
            let owner = try await session.owner()
            checks.append(Check(subject: "owner", isWell: true, finding: owner.map { "\($0) drives the runs" } ?? "nobody drives runs now"))
        } catch {
            let text = CommandFailure(explaining: error)?.description ?? "\(error)"
            checks.append(Check(subject: "database", isWell: false, finding: text))
        }
        do {
            _ = try home.sealer()
            checks.append(Check(subject: "key", isWell: true, finding: "\(home.folder)/key; keep a copy with your backups, but not beside the database's"))
        } catch {
            checks.append(Check(subject: "key", isWell: false, finding: "\(error)"))
        }
        checks.append(space(home))
        let programs = SecretProgram(environment: environment)
        for (name, arguments, isOptional) in [
            ("kubectl", ["version", "--client"], false), ("helm", ["version", "--short"], false), ("unzip", ["-v"], true),
            ("python3", ["--version"], true),
        ] {
            do {
                let text = try await programs.output(of: [name] + arguments)
                let first = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                checks.append(Check(subject: name, isWell: true, finding: first))
            } catch {
                checks.append(Check(subject: name, isWell: false, finding: error.message, fix: error.remedy, isOptional: isOptional))
            }
        }
        do {
            _ = try await programs.output(of: ["kubectl", "get", "--raw", "/readyz", "--request-timeout", "10s"])
            checks.append(Check(subject: "cluster", isWell: true, finding: "its API answers"))
        } catch {
            checks.append(
                Check(subject: "cluster", isWell: false, finding: error.message, fix: "check KUBECONFIG, and that the API server is up", isOptional: true))
        }
        return checks
    }

    private func space(_ home: Home) -> Check {
        let folder = FileManager.default.fileExists(atPath: home.folder) ? home.folder : "/"
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else {
            return Check(subject: "disk", isWell: false, finding: "\(folder) cannot be looked at")
        }
        return Check(
            subject: "disk", isWell: free > 512 << 20, finding: "\(free >> 20) MiB free in \(folder)", fix: "free some space")
    }
}
