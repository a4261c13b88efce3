import ArgumentParser
import Foundation
import Steps
import Workflow

struct KindsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds", abstract: "Lists the step kinds, or explains one with its parameters and outputs.",
        discussion: """
            Examples:
              runner kinds
              runner kinds helm.release
            """)
    @Argument(help: "A kind, such as helm.release.", completion: Candidates.kinds) var kind: String?

    func run() throws {
        let catalog = try StepCatalog.standard(environment: ProcessInfo.processInfo.environment)
        guard let name = kind else {
            let width = catalog.all.map(\.name.count).max() ?? 0
            for kind in catalog.all { Terminal.print("\(kind.name.padded(to: width))  \(kind.summary)") }
            return
        }
        guard let kind = catalog[name] else {
            let near = Spelling.nearest(to: name, among: catalog.all.map(\.name))
            throw CommandFailure(
                .notFound, "there is no step kind '\(name)'",
                fix: near.map { "write '\($0)'" } ?? "see 'runner kinds' for all of them")
        }
        Terminal.print(KindText(kind: kind).text)
    }
}

/// A step kind explained.
private struct KindText {
    let kind: any StepKind

    var text: String {
        let undo =
            switch kind.reverting {
            case .automatic: "a rollback undoes it"
            case .nothing: "only reads: there is nothing to undo"
            case .impossible(let reason): "cannot be undone: \(reason)"
            }
        var lines = ["\(kind.name): \(kind.summary)", "  \(undo)"]
        if !kind.parameters.isEmpty { lines += ["with:"] + kind.parameters.map(line) }
        if !kind.outputs.isEmpty { lines += ["outputs:"] + kind.outputs.map(line) }
        return lines.joined(separator: "\n")
    }

    private func line(_ parameter: Parameter) -> String {
        var marks: [String] = []
        if parameter.required { marks.append("required") }
        if let value = parameter.default { marks.append("default: \(value.shortText)") }
        if parameter.secret { marks.append("secret") }
        let mark = marks.isEmpty ? "" : " (\(marks.joined(separator: ", ")))"
        return "  \(parameter.name)\(mark): \(parameter.description)"
    }
}
