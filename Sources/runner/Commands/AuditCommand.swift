import ArgumentParser
import Foundation
import Workflow

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The history: who did what, and whether it is whole.",
        subcommands: [Verify.self, Log.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Checks the database's own integrity, the chain of hashes, and that every run is what its history says.",
            discussion: """
                Note the head's hash elsewhere: with --head, a later removal of the newest entries shows too.

                Examples:
                  runner audit verify
                  runner audit verify --head "$(cat noted-head)"

                Ends with 0 where the history is whole, with 74 where it is not.
                """)
        @Flag(help: "One JSON object.") var json = false
        @Option(help: ArgumentHelp("A head noted before, which must still be in the chain.", valueName: "hash"))
        var head: String?
        @OptionGroup var database: DatabaseOption

        func run() async throws {
            let report = try await Session.open(database) { session in try await verify(session) }
            if json {
                Terminal.print(try Value(encoding: report).canonicalJSON)
            } else {
                for fault in report.faults { Terminal.print("fault: \(fault)") }
                Terminal.print("\(report.entries) entries of \(report.runs) runs, head \(report.head)")
                Terminal.print(report.faults.isEmpty ? "the history is whole" : "the history is not whole")
            }
            if !report.faults.isEmpty { throw ExitStatus.inputOutput }
        }

        private func verify(_ session: Session) async throws -> ChainReport {
            let graphs = try await graphs(session)
            var report = try await session.journal.verify { record, entries in
                guard let graph = graphs[record.bundle] else {
                    throw InvalidEvent("its workflow is missing or cannot be read")
                }
                var machine = RunMachine(graph: graph)
                for entry in entries { for event in entry.events { try machine.apply(event, at: entry.at) } }
                return machine.status
            }
            if let head, try await !session.journal.contains(hash: head) {
                report.faults.append(
                    "the noted head \(head) is not in the chain: entries were removed or changed since")
            }
            return report
        }

        /// The graphs of all runs' workflows, by the hash of their bundle.
        private func graphs(_ session: Session) async throws -> [String: RunGraph] {
            var graphs: [String: RunGraph] = [:]
            for record in try await session.journal.runs(RunQuery(includesChildren: true))
            where graphs[record.bundle] == nil {
                do {
                    graphs[record.bundle] = session.graph(of: try await session.workflow(of: record))
                } catch let error as CancellationError {
                    throw error
                } catch let error as JournalError where error.code != .damaged {
                    throw error
                } catch {
                    // A run whose workflow is missing or cannot be read is a fault of its own, which the check names.
                }
            }
            return graphs
        }
    }

    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what happened in a run, or in all of them, by whom, and when.",
            discussion: """
                Examples:
                  runner audit log last
                  runner audit log --json | jq 'select(.event == "approve")'
                """)
        @Argument(
            help: "A run's name, the beginning of one, or 'last'; without it, all runs.", completion: Candidates.runs)
        var run: String?
        @Flag(help: "One JSON object an event.") var json = false
        @OptionGroup var database: DatabaseOption

        func run() async throws { try await Session.open(database) { session in try await printEvents(session) } }

        private func printEvents(_ session: Session) async throws {
            let records =
                if let run { [try await session.run(run)] } else {
                    try await session.journal.runs(RunQuery(includesChildren: true))
                }
            var machines: [RunID: RunMachine] = [:]
            var entries: [JournalEntry] = []
            for record in records {
                machines[record.id] = RunMachine(graph: session.graph(of: try await session.workflow(of: record)))
                entries += try await session.journal.entries(of: record.id, after: 0)
            }
            let view: any RunView = json ? JSONView() : AuditView()
            for entry in entries.sorted(by: { $0.sequence < $1.sequence }) {
                guard var machine = machines.removeValue(forKey: entry.run) else { continue }
                for event in entry.events {
                    try machine.apply(event, at: entry.at)
                    view.show(event, at: entry.at, of: entry.run, machine, isRoot: run != nil)
                }
                machines[entry.run] = machine
            }
        }
    }
}

/// Every event, with its full time.
private struct AuditView: RunView {
    func show(_ event: RunEvent, at time: Timestamp, of run: RunID, _ machine: RunMachine, isRoot: Bool) {
        Terminal.print("\(time.iso8601)  \(isRoot ? "" : "\(run) ")\(event.summary(in: machine.graph))")
    }

    func tick(_ machine: RunMachine, of run: RunID, at time: Timestamp) {}
    func end(_ machine: RunMachine, of run: RunID) {}
}
