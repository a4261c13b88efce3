import ArgumentParser
import Foundation
import Workflow

struct InputsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inputs", abstract: "Lists what a workflow has to be given: its inputs and secrets.",
        discussion: """
            Example:
              runner inputs install
            """)
    @Argument(help: "The path of a workflow's file, or the name of a shipped one.", completion: Candidates.workflows)
    var workflow: String

    func run() throws {
        let definition = try WorkflowSource(environment: ProcessInfo.processInfo.environment).load(workflow).definition
        Terminal.print(InputsText(definition: definition).text)
    }
}

/// What a workflow has to be given, for people.
private struct InputsText {
    let definition: WorkflowDefinition

    var text: String {
        var lines = ["\(definition.name), version \(definition.version)\(Self.tail(definition.description))"]
        if definition.inputs.isEmpty, definition.secrets.isEmpty { lines.append("takes no inputs and no secrets") }
        if !definition.inputs.isEmpty { lines.append("inputs (-i NAME=VALUE, or in a file named with -f)") }
        for input in definition.inputs {
            lines += Self.lines(
                of: Parameter(
                    input.name, input.schema, required: input.default == nil, default: input.default,
                    secret: input.secret, input.description ?? ""),
                indent: "  ")
        }
        if !definition.secrets.isEmpty { lines.append("secrets (--secret NAME=SOURCE)") }
        for secret in definition.secrets {
            lines.append("  \(secret.name)\(secret.required ? " (required)" : "")\(Self.tail(secret.description))")
        }
        return lines.joined(separator: "\n")
    }

    /// The parameter, and below it the fields of an object.
    private static func lines(of parameter: Parameter, indent: String) -> [String] {
        var marks = [parameter.schema.wanted]
        var fields: [Parameter] = []
        if case .object(let inner) = parameter.schema.shape { fields = inner }
        if parameter.required { marks.append("required") }
        if parameter.secret { marks.append("secret") }
        if let value = parameter.default, !value.isNull, fields.isEmpty {
            marks.append(parameter.secret ? "has a default" : "default: \(value.shortText)")
        }
        let line = "\(indent)\(parameter.name) (\(marks.joined(separator: "; ")))"
        let description = parameter.description.isEmpty ? nil : parameter.description
        return [line + tail(description)] + fields.flatMap { lines(of: $0, indent: indent + "  ") }
    }

    private static func tail(_ description: String?) -> String { description.map { ": \($0)" } ?? "" }
}
