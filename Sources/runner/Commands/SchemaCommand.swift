import ArgumentParser
import Foundation
import Steps
import Workflow

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of workflow files, for editors.",
        discussion: """
            Example:
              runner schema >workflow.schema.json

            Editors with the YAML language server use it where a workflow's first line is
              # yaml-language-server: $schema=workflow.schema.json
            """)

    func run() throws {
        let catalog = try StepCatalog.standard(environment: ProcessInfo.processInfo.environment)
        Terminal.print(JSONSchema.ofLanguage(catalog: catalog).canonicalJSON)
    }
}
