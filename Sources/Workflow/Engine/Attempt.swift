/// One try of one step, outside the engine's loop: observe, make sure that the prior state is on disk, apply.
final class Attempt: Sendable {
    private let run: RunID
    private let instance: InstanceID
    private let kind: any StepKind
    private let input: StepInput
    private let context: StepContext
    /// What the observation before the first change of this run recorded, null where it recorded nothing; nil where
    /// nothing was changed yet.
    private let prior: Value?
    /// An earlier attempt may have had an effect that this one must find out about.
    private let isInDoubt: Bool
    /// This run may have changed the world in an earlier attempt, so what is found there may be its own.
    private let mayBeOurs: Bool
    private let timeout: Duration?
    private let time: any TimeSource
    private let mailbox: Mailbox<EngineMessage>

    init(
        run: RunID, instance: InstanceID, kind: any StepKind, input: StepInput, context: StepContext, prior: Value?,
        isInDoubt: Bool, mayBeOurs: Bool, timeout: Duration?, time: any TimeSource, mailbox: Mailbox<EngineMessage>
    ) {
        self.run = run
        self.instance = instance
        self.kind = kind
        self.input = input
        self.context = context
        self.prior = prior
        self.isInDoubt = isInDoubt
        self.mayBeOurs = mayBeOurs
        self.timeout = timeout
        self.time = time
        self.mailbox = mailbox
    }

    enum Result: Sendable {
        case succeeded(StepOutput, changed: Bool)
        indirect case failed(StepError)
        case unknown(String)
    }

    /// Tries, and tells the engine's loop what came of it.
    func play() async {
        let result: Result
        do {
            if timeout == nil {
                result = try await observeAndApply()
            } else {
                result = try await time.limit(timeout) { try await self.observeAndApply() }
            }
        } catch {
            result = .failed(StepError(endOfAttempt: error))
        }
        mailbox.send(.attempted(run, instance, attempt: context.attempt, result))
    }

    private func observeAndApply() async throws -> Result {
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
            guard await isDurable(before) else { throw CancellationError() }
            try Task.checkCancellation()
        }
        let prior: Value? = before.isNull ? .none : before
        do {
            return .succeeded(try await kind.apply(input, prior: prior, context), changed: true)
        } catch let error as StepError where error.kind == .outcomeUnknown {
            return try await observe(after: error, prior: prior)
        }
    }

    /// Makes the prior state durable before anything is changed; false where the run does not go on any more.
    private func isDurable(_ prior: Value) async -> Bool {
        let durable = Promise<Bool>()
        mailbox.send(.prepared(run, instance, attempt: context.attempt, prior: prior, durable))
        return await durable.value
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

extension StepError {
    /// What ended an attempt or a revert, whatever a handler has thrown.
    init(endOfAttempt error: any Error) {
        self =
            switch error {
            case let error as StepError: error
            case is CancellationError: StepError(.cancelled, "the attempt was ended")
            default: StepError(.permanent, String(describing: error))
            }
    }
}
