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
            A run is journaled before every effect. After any failure,
            'runner resume RUN' goes on from there and does no finished step again;
            'runner rollback RUN' undoes what the run did. RUN is a run's name, the
            beginning of one, or 'last'.

            Exit status:
              0    done
              1    the run failed, was cancelled, or was rolled back; so did one of a
                   fleet; a plan, or drift, could not look at a step
              2    the plan has changes (with --exit-code), or a tenant has drifted
              3    somebody has to decide: an outcome is unknown, runs want attention,
                   a tenant of a fleet waits, a rollback wants to be confirmed, what
                   was asked does not fit the run or the tenant, or the world has
                   changed since the plan was saved
              64   wrong arguments
              65   a faulty workflow, input or secret
              66   no such workflow, run or file
              69   a tool or server is missing
              70   a fault of the program
              74   the database or a file is damaged, or cannot be read or written
              75   somebody else is at work
              129  stopped by SIGHUP; as with the next two, the run can be resumed
              130  stopped by SIGINT
              143  stopped by SIGTERM
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Runs",
                subcommands: [
                    RunCommandLine.self, PlanCommand.self, ResumeCommand.self, RollbackCommand.self, RetryCommand.self,
                    CancelCommand.self,
                ]),
            CommandGroup(
                name: "Decisions",
                subcommands: [
                    ApproveCommand.self, RejectCommand.self, SignalCommand.self, SkipCommand.self, ResolveCommand.self,
                ]),
            CommandGroup(name: "Tenants", subcommands: [TenantCommand.self, FleetCommand.self, DriftCommand.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    RunsCommand.self, ShowCommand.self, LogsCommand.self, AttentionCommand.self, GraphCommand.self,
                    AuditCommand.self,
                ]),
            CommandGroup(
                name: "Workflows",
                subcommands: [
                    InputsCommand.self, ValidateCommand.self, SchemaCommand.self, KindsCommand.self,
                    FunctionsCommand.self,
                ]),
            CommandGroup(
                name: "This program", subcommands: [DoctorCommand.self, VersionCommand.self, CompletionsCommand.self]),
        ])

    static func main() async {
        // A reader that goes away (`runner logs | head`) must not kill a run by a signal.
        signal(SIGPIPE, SIG_IGN)
        let signals = await StopSignals()
        let command = Task { try await parseAndRun() }
        let watch = Task { await signals.watch { command.cancel() } }
        defer { watch.cancel() }
        do {
            try await command.value
        } catch let status as ExitStatus {
            Foundation.exit(status.rawValue)
        } catch let failure as CommandFailure {
            Terminal.complain(failure.description)
            Foundation.exit(failure.status.rawValue)
        } catch let stopped as Stopped {
            let (name, status) = signals.received.map { ("\($0)", $0.exitStatus) } ?? ("a signal", .interrupted)
            Terminal.note("stopped by \(name)\(stopped.advice.map { "; \($0)" } ?? "")")
            Foundation.exit(status.rawValue)
        } catch {
            // The argument parser's own: help, and what it has to say about arguments.
            exit(withError: error)
        }
    }

    private static func parseAndRun() async throws {
        var command = try await asyncParseAsRoot()
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch is CancellationError {
            throw Stopped()
        } catch let error where isForParser(error) || error is Stopped {
            throw error
        } catch {
            throw CommandFailure(explaining: error)
        }
    }

    /// What a command throws to end the program as it wants, and not because something went wrong: the parser gives all
    /// that it knows nothing of the status 1.
    private static func isForParser(_ error: any Error) -> Bool {
        error is ExitStatus || error is ExitCode || exitCode(for: error) != .failure
    }
}
