/// One try of one step, outside the engine's loop: observe, make sure that the prior state is on disk, apply.
final class Attempt: Sendable {
    let kind: any StepKind
    let input: StepInput
    let context: StepContext
    /// What the observation before the first change of this run recorded, null where it recorded nothing; nil where
    /// nothing was changed yet.
    let prior: Value?
    /// An earlier attempt may have had an effect that this one must find out about.
    let isInDoubt: Bool
    /// This run may have changed the world in an earlier attempt, so what is found there may be its own.
    let mayBeOurs: Bool
    let timeout: Duration?
    let time: any TimeSource

    init(
        kind: any StepKind, input: StepInput, context: StepContext, prior: Value?, isInDoubt: Bool, mayBeOurs: Bool,
        timeout: Duration?, time: any TimeSource
    ) {
        self.kind = kind
        self.input = input
        self.context = context
        self.prior = prior
        self.isInDoubt = isInDoubt
        self.mayBeOurs = mayBeOurs
        self.timeout = timeout
        self.time = time
    }

    enum Result: Sendable {
        case succeeded(StepOutput, changed: Bool)
        indirect case failed(StepError)
        case unknown(String)
    }

    /// - Parameter prepare: Makes the prior state durable before anything is changed; false where the run does not go
    ///   on any more.
    func run(prepare: @escaping @Sendable (Value) async -> Bool) async -> Result {
        do {
            guard timeout != nil else { return try await observeAndApply(prepare) }
            return try await time.limit(timeout) { try await self.observeAndApply(prepare) }
        } catch let error as StepError {
            return .failed(error)
        } catch is CancellationError {
            return .failed(StepError(.cancelled, "the attempt was ended"))
        } catch {
            return .failed(StepError(.permanent, String(describing: error)))
        }
    }

    private func observeAndApply(_ prepare: @Sendable (Value) async -> Bool) async throws -> Result {
        var found: Value?
        switch try await kind.observe(input, context) {
        case .present(let output): return .succeeded(output, changed: mayBeOurs)
        case .unknown(let reason):
            if isInDoubt { return .unknown(reason) }
        case .absent(let prior), .differs(_, let prior): found = prior
        }
        try Task.checkCancellation()
        let before = prior ?? found ?? .null
        if kind.reverting != .nothing {
            guard await prepare(before) else { throw CancellationError() }
            try Task.checkCancellation()
        }
        let prior: Value? = before.isNull ? .none : before
        do {
            return .succeeded(try await kind.apply(input, prior: prior, context), changed: true)
        } catch let error as StepError where error.kind == .outcomeUnknown {
            return try await observe(after: error, prior: prior)
        }
    }

    /// The reply to a change was lost. Where its effect shows at once, all is well; else the next attempt looks again.
    private func observe(after error: StepError, prior: Value?) async throws -> Result {
        var context = context
        context.history.prior = prior
        context.history.isInDoubt = true
        guard !Task.isCancelled, case .present(let output)? = try? await kind.observe(input, context) else {
            throw error
        }
        return .succeeded(output, changed: true)
    }
}

/// The undoing of one step, outside the engine's loop.
struct RevertAttempt: Sendable {
    let attempt: Attempt
    let output: StepOutput?

    func run() async -> Swift.Result<[String], StepError> {
        do {
            let prior = attempt.prior.flatMap { $0.isNull ? .none : $0 }
            return .success(
                try await attempt.time.limit(attempt.timeout) {
                    try await attempt.kind.revert(attempt.input, output: output, prior: prior, attempt.context)
                })
        } catch let error as StepError {
            return .failure(error)
        } catch is CancellationError {
            return .failure(StepError(.cancelled, "the revert was ended"))
        } catch {
            return .failure(StepError(.permanent, String(describing: error)))
        }
    }
}
