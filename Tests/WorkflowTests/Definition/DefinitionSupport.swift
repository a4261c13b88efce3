import Foundation
import Testing
import Workflow

/// A step kind that is only declared: definitions are checked against it, and it is never run.
struct DeclaredKind: StepKind {
    var name: String
    var summary: String { "The kind \(name)." }
    var parameters: [Parameter] = []
    var outputs: [Parameter] = []
    var reverting: Reverting { .automatic }

    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation { .absent() }
    func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput { StepOutput() }
    func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { [] }
}

enum Declared {
    /// Kinds like those of the program, with a parameter of every shape among them.
    static let catalog = StepCatalog([
        DeclaredKind(
            name: "clearml.company",
            parameters: [
                Parameter("name", .string(pattern: "[a-z][a-z0-9-]{1,30}"), required: true, "The company's name."),
                Parameter("features", .array(.string), "What it may use."),
            ],
            outputs: [
                Parameter("id", .string, "The company's id."), Parameter("name", .string, "Its name."),
            ]),
        DeclaredKind(
            name: "clearml.user",
            parameters: [
                Parameter("company", .string, required: true, "The company's id."),
                Parameter("email", .string(.email), required: true, "The address."),
                Parameter("role", .oneOf("admin", "user", "guest"), default: "user", "What the user may do."),
            ],
            outputs: [
                Parameter("id", .string, "The user's id."), Parameter("key", .string, secret: true, "Its key."),
            ]),
        DeclaredKind(
            name: "helm.release",
            parameters: [
                Parameter("release", .string, required: true, "The release's name."),
                Parameter("chart", .string, required: true, "The chart."),
                Parameter("namespace", .string, required: true, "The namespace."),
                Parameter("version", .string, "The chart's version."),
                Parameter("values", .template, "The chart's values."),
                Parameter("wait", .boolean, default: true, "Whether to wait."),
                Parameter("timeout", .duration, "How long to wait."),
            ],
            outputs: [Parameter("revision", .integer, "The revision."), Parameter("status", .any, "Its status.")]),
        DeclaredKind(
            name: "kubernetes.apply",
            parameters: [
                Parameter("manifests", .array(.template), required: true, "The objects."),
                Parameter("retries", .integer(0...10), "How often."),
                Parameter("labels", .map(.string), "Labels."),
                Parameter(
                    "port",
                    .object([
                        Parameter("number", .integer(1...65535), required: true, "The number."),
                        Parameter("name", .string, "The name."),
                    ]), "A port."),
                Parameter("target", Schema(.oneOf([.integer, .string(.ipv4)])), "A port or an address."),
            ]),
        DeclaredKind(
            name: "command.run",
            parameters: [
                Parameter("argv", .array(.string), required: true, exposed: true, "The program and its arguments."),
                Parameter("script", Schema(.text), "A file that is given as standard input."),
                Parameter("env", .map(.string), secret: true, "Variables."),
            ],
            outputs: [Parameter("stdout", .string, "What it wrote."), Parameter("code", .integer, "Its exit code.")]),
        DeclaredKind(
            name: "workflow",
            parameters: [
                Parameter("workflow", .string(.path), required: true, "The file."),
                Parameter("inputs", .map(.any), "The inputs."),
                Parameter("secrets", .map(.string), "The secrets."),
            ]),
        DeclaredKind(
            name: "kubernetes.secret",
            outputs: [
                Parameter("name", .string, "Its name."), Parameter("*", .string, secret: true, "Every key of it."),
            ]),
        DeclaredKind(name: "sleep", parameters: [Parameter("duration", .duration, required: true, "How long.")]),
    ])

    /// Loads a workflow from texts in memory, the main one in `main.yaml` under the folder `flows`.
    static func load(
        _ main: String, _ files: [String: String] = [:], at path: String = "flows/main.yaml"
    ) throws(DefinitionErrors) -> Workflow {
        try WorkflowLoader.load(path: path, catalog: catalog) { name in
            if name == path { return Data(main.utf8) }
            guard let text = files[name] else { throw WorkflowLoader.FileMissing() }
            return Data(text.utf8)
        }
    }

    /// The faults of a workflow, as the user sees them; empty where it has none.
    static func faults(_ main: String, _ files: [String: String] = [:]) -> String {
        do throws(DefinitionErrors) {
            _ = try load(main, files)
            return ""
        } catch {
            return error.description
        }
    }
}

extension Scope {
    /// A scope over fixed values.
    init(_ values: [String: Value], steps: [String: Value] = [:]) {
        self.init(lookup: { values[$0] }, step: { steps[$0] })
    }
}

/// A workflow file with faults, and all that must be said of them.
struct FaultyFile: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    let files: [String: String]
    let expected: String

    init(_ name: String, _ text: String, _ files: [String: String] = [:], gives expected: String) {
        self.name = name
        self.text = text
        self.files = files
        self.expected = expected
    }

    var found: String { Declared.faults(text, files) }
    var testDescription: String { name }
}
