import ArgumentParser
import Foundation
import Workflow

/// The program: reads its arguments, and turns every error into a text with what to do and the right exit status.
@main
struct RunnerProgram: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "runner",
        abstract: "Runs workflows of idempotent steps: durable, resumable, reversible.",
        discussion: """
            A run is journaled before every effect. After any failure, 'runner resume RUN' goes on from there and does no
            finished step again; 'runner rollback RUN' undoes what the run did. RUN is a run's name, the beginning of one,
            or 'last'.

            Exit status: 0 done; 1 the run failed, was cancelled, or was rolled back; 2 the plan has changes; 3 the run \
            waits for somebody (an unknown outcome, or what was asked does not fit); 64 wrong arguments; 65 a faulty \
            workflow, input or secret; 66 no such workflow, run or file; 69 a tool or server is missing; 70 a fault of the \
            program; 74 the database or a file cannot be read or written; 75 somebody else is at work; 130, 143 stopped by \
            a signal (the run can be resumed).
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(name: "Runs", subcommands: [RunCommandLine.self, PlanCommand.self, ResumeCommand.self, RollbackCommand.self, RetryCommand.self, CancelCommand.self]),
            CommandGroup(name: "Decisions", subcommands: [ApproveCommand.self, RejectCommand.self, SignalCommand.self, SkipCommand.self, ResolveCommand.self]),
            CommandGroup(name: "Looking", subcommands: [RunsCommand.self, ShowCommand.self, LogsCommand.self, GraphCommand.self, AuditCommand.self]),
            CommandGroup(name: "Workflows", subcommands: [ValidateCommand.self, SchemaCommand.self, KindsCommand.self]),
            CommandGroup(name: "This program", subcommands: [DoctorCommand.self, VersionCommand.self, CompletionsCommand.self]),
        ])

    static func main() async {
        // A reader that goes away (`runner logs | head`) must not kill a run by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let status as ExitStatus {
            Foundation.exit(status.rawValue)
        } catch let failure as CommandFailure {
            Terminal.complain(failure.description)
            Foundation.exit(failure.status.rawValue)
        } catch {
            if let failure = CommandFailure(explaining: error) {
                Terminal.complain(failure.description)
                Foundation.exit(failure.status.rawValue)
            }
            exit(withError: error)
        }
    }
}
