import Foundation
import Steps
import Workflow

extension FuzzTarget {
    private static let catalog = Result { try StepCatalog.standard(environment: [:]) }
    /// Longest a line of JSON may be to be YAML too: readers of YAML look no farther for the end of a key.
    private static let yamlKeyLimit = 1000

    /// A workflow is refused with faults that name their places, or it is one that can be drawn, kept, read again and run
    /// to its end.
    static func checkWorkflow(_ input: FuzzInput) throws {
        try checkValue(input.first)
        let (main, kinds) = ("main.yaml", try catalog.get())
        let files = Dictionary(
            input.others.map { ($0.name, $0.text) } + [(main, input.first)], uniquingKeysWith: { $1 })
        let workflow: Workflow
        do throws(DefinitionErrors) {
            workflow = try WorkflowLoader.load(path: main, catalog: kinds) { path in
                guard let text = files[path] else { throw WorkflowLoader.FileMissing() }
                return Data(text.utf8)
            }
        } catch {
            return try check(error, files: files)
        }
        let again = try WorkflowLoader.load(
            bundle: try WorkflowBundle(encoded: workflow.bundle.encoded), catalog: kinds)
        try require(again == workflow, "read again from its bundle, the workflow is another one")
        try check(workflow)
    }

    private static func check(_ workflow: Workflow) throws {
        let definition = workflow.definition
        let order = definition.order
        try require(order.count == definition.steps.count, "steps without a place in the order: \(order)")
        let graph = WorkflowGraph(definition)
        try require(graph.nodes.count == order.count && !graph.svg.isEmpty, "steps are missing in the picture")
        try require(!graph.dot.isEmpty && !graph.mermaid.isEmpty, "an empty picture")
        _ = try? definition.resolveInputs(given: [:])
        var walk = MachineWalk(definition)
        try walk.succeed()
        for child in workflow.children.values { try check(child) }
    }

    private static func check(_ faults: DefinitionErrors, files: [String: String]) throws {
        try require(!faults.errors.isEmpty, "refused without a fault")
        for fault in faults.errors {
            try require(!fault.message.isEmpty && !fault.remedy.isEmpty, "a fault without words: \(fault)")
            guard let place = fault.location else { continue }
            guard let text = files[place.file] else { throw BrokenProperty("a fault in no file: \(fault)") }
            // As YAML counts lines; one more where the text ends with a line break.
            let lines = text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 1
            try require(
                (1...lines + 1).contains(place.line) && place.column >= 1, "a fault beyond the file: \(fault)")
        }
    }

    /// A value that was read from YAML can be written as JSON, and is the same when that is read: as JSON, and as YAML.
    private static func checkValue(_ text: String) throws {
        guard let value = try? Value(yaml: text, file: "file.yaml") else { return }
        let json = value.canonicalJSON
        try require(try Value(json: json).canonicalJSON == json, "not the same as JSON: \(json)")
        guard json.utf8.count < yamlKeyLimit, !json.unicodeScalars.contains(where: isForeignToYAML) else { return }
        let read = try Value(yaml: json, file: "file.yaml").canonicalJSON
        try require(read == json, "JSON read as YAML is another value: \(json) became \(read)")
    }

    /// Letters that JSON takes as they are, and YAML only as escapes.
    private static func isForeignToYAML(_ letter: Unicode.Scalar) -> Bool {
        switch letter.value {
        case 0x7F...0x9F, 0x2028...0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}
