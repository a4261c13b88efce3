import ArgumentParser
import Workflow

struct FunctionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "Lists the functions that expressions can call, and what can be read there.",
        discussion: """
            An expression is what stands within ${{ }}: paths such as inputs.NAME, secrets.NAME, steps.ID.OUTPUT, item and \
            index (in a step with 'for_each'), output (in a step's own 'outputs'), run.id, run.workflow and run.data_dir; \
            literals; ==, !=, <, <=, >, >=, &&, || and !; and these functions.
            """)

    func run() {
        let width = ExpressionFunction.all.map(\.signature.count).max() ?? 0
        for function in ExpressionFunction.all {
            Terminal.print("\(function.signature.padded(to: width))  \(function.summary)")
        }
    }
}
