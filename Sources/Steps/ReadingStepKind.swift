package import Workflow

/// A step kind that only reads: a rollback has nothing to undo.
package protocol ReadingStepKind: StepKind {}

extension ReadingStepKind {
    package var reverting: Reverting { .nothing }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { [] }
}

/// A step kind for which looking is all there is to do: what is as it should be is its output, what is not is its error.
package protocol CheckingStepKind: ReadingStepKind {
    /// Looks, and changes nothing.
    ///
    /// - Throws: `StepError`: all that is not as it should be.
    func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput
}

extension CheckingStepKind {
    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        .present(try await check(input, context))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await check(input, context)
    }
}
