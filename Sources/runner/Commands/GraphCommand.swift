import ArgumentParser
import Workflow

struct GraphCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case svg, dot, mermaid
    }

    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Draws the DAG of a workflow, or of a run with its steps' states.",
        discussion: """
            Examples:
              runner graph install --format svg >install.svg
              runner graph last
            """)
    @Argument(help: "A workflow's file or name, a run's name, or 'last'.", completion: Candidates.workflows)
    var subject: String
    @Option(help: "svg, dot or mermaid.") var format = Format.mermaid
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let graph = try await graph()
        let text =
            switch format {
            case .svg: graph.svg
            case .dot: graph.dot
            case .mermaid: graph.mermaid
            }
        Terminal.draw(text)
    }

    private func run(_ session: Session) async throws -> RunRecord {
        do {
            return try await session.run(subject)
        } catch let failure as CommandFailure where failure.status == .notFound && subject != "last" {
            throw CommandFailure(
                .notFound, "there is no workflow and no run '\(subject)'",
                fix: "give the path of a workflow's file, or the name of a run: see 'runner runs'")
        }
    }

    private func graph() async throws -> WorkflowGraph {
        let source = try WorkflowSource(environment: database.environment)
        if subject != "last", (try? source.path(of: subject)) != nil {
            return WorkflowGraph(try source.load(subject).definition)
        }
        return try await Session.open(database) { session in
            let (machine, workflow) = try await session.machine(of: try await run(session))
            let statuses = machine.graph.nodes.enumerated().map { step, node in
                (node.id, machine.steps[step].status.rawValue)
            }
            return WorkflowGraph(workflow.definition, statuses: Dictionary(uniqueKeysWithValues: statuses))
        }
    }
}
