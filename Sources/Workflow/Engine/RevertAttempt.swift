/// One try to undo one step, outside the engine's loop.
struct RevertAttempt: Sendable {
    let kind: any StepKind
    let input: StepInput
    let context: StepContext
    /// As `Attempt` has it.
    let prior: Value?
    let output: StepOutput?
    let timeout: Duration?
    let time: any TimeSource

    func play() async -> Result<[String], StepError> {
        do {
            let prior = prior.flatMap { $0.isNull ? .none : $0 }
            return .success(
                try await time.limit(timeout) {
                    try await kind.revert(input, output: output, prior: prior, context)
                })
        } catch {
            return .failure(StepError(endOfAttempt: error))
        }
    }
}
