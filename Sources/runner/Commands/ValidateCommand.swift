import ArgumentParser
import Foundation
import Steps
import Workflow

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks workflows and every file they refer to, and tells all faults at once.",
        discussion: """
            Examples:
              runner validate install
              runner validate workflows/*.yaml --json

            Ends with 0 where there are no faults, with 65 where there are, and with 66 where a file is missing.
            """)
    @Argument(help: "Paths of workflows' files, or names of shipped ones.", completion: Candidates.workflows)
    var workflows: [String]
    @Flag(help: "One JSON object a fault, and nothing else.") var json = false

    func run() throws {
        let source = try WorkflowSource(environment: ProcessInfo.processInfo.environment)
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
