import ArgumentParser
import Foundation
import Steps
import Workflow

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks workflows and every file they refer to, and tells all faults at once.")
    @Argument(help: "Paths of workflows' files, or names of shipped ones.") var workflows: [String]
    @Flag(help: "One JSON object a fault, and nothing else.") var json = false

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let source = WorkflowSource(
            catalog: try StepCatalog.standard(environment: environment), environment: environment)
        var isFaulty = false
        for name in workflows {
            do {
                let workflow = try source.load(name)
                if !json { Terminal.print("\(name): \(workflow.definition.steps.count) steps, no faults") }
            } catch let errors as DefinitionErrors {
                isFaulty = true
                guard json else {
                    Terminal.note(errors.description)
                    continue
                }
                for error in errors.errors { Terminal.print(error.json.canonicalJSON) }
            }
        }
        if isFaulty { throw ExitStatus.badData }
    }
}

extension DefinitionError {
    fileprivate var json: Value {
        [
            "file": location.map { .string($0.file) } ?? .null, "line": location.map { .integer($0.line) } ?? .null,
            "column": location.map { .integer($0.column) } ?? .null, "code": .string(code.rawValue),
            "message": .string(message), "fix": .string(remedy),
        ]
    }
}

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of workflow files, for editors.",
        discussion: "With the YAML language server: # yaml-language-server: $schema=workflow.schema.json")

    func run() throws {
        let catalog = try StepCatalog.standard(environment: ProcessInfo.processInfo.environment)
        Terminal.print(JSONSchema.ofLanguage(catalog: catalog).canonicalJSON)
    }
}

struct KindsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds", abstract: "Lists the step kinds, or explains one with its parameters and outputs.")
    @Argument(help: "A kind, such as helm.release.") var kind: String?

    func run() throws {
        let catalog = try StepCatalog.standard(environment: ProcessInfo.processInfo.environment)
        guard let name = kind else {
            let width = catalog.all.map(\.name.count).max() ?? 0
            for kind in catalog.all {
                Terminal.print("\(kind.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(kind.summary)")
            }
            return
        }
        guard let kind = catalog[name] else {
            throw CommandFailure(.notFound, "there is no step kind '\(name)'", fix: "see 'runner kinds'")
        }
        Terminal.print("\(kind.name): \(kind.summary)")
        let undo =
            switch kind.reverting {
            case .automatic: "a rollback undoes it"
            case .nothing: "only reads: there is nothing to undo"
            case .impossible(let reason): "cannot be undone: \(reason)"
            }
        Terminal.print("  \(undo)\nwith:")
        for parameter in kind.parameters {
            let mark =
                parameter.required ? " (required)" : parameter.default.map { " (default: \($0.shortText))" } ?? ""
            Terminal.print("  \(parameter.name)\(mark): \(parameter.description)")
        }
        Terminal.print("outputs:")
        for output in kind.outputs {
            Terminal.print("  \(output.name)\(output.secret ? " (secret)" : ""): \(output.description)")
        }
    }
}

struct GraphCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument {
        case svg, dot, mermaid
    }

    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Draws the DAG of a workflow, or of a run with its steps' states.")
    @Argument(help: "A workflow's file or name, a run's name, or 'last'.") var subject: String
    @Option(help: "svg, dot or mermaid.") var format = Format.mermaid
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let graph = try await graph()
        Terminal.draw(format == .svg ? graph.svg : format == .dot ? graph.dot : graph.mermaid)
    }

    private func graph() async throws -> WorkflowGraph {
        let environment = database.environment
        let source = WorkflowSource(
            catalog: try StepCatalog.standard(environment: environment), environment: environment)
        if subject != "last", (try? source.path(of: subject)) != nil {
            return WorkflowGraph(try source.load(subject).definition)
        }
        let session = try Session(database)
        let (machine, workflow) = try await session.machine(of: try await session.run(subject))
        let statuses = machine.graph.nodes.enumerated().map { step, node in
            (node.id, StepStatus.summary(of: machine.steps[step].instances.map(\.status)).rawValue)
        }
        return WorkflowGraph(workflow.definition, statuses: Dictionary(uniqueKeysWithValues: statuses))
    }
}
