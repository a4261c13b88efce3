/// One try of one step, outside the engine's loop: observe, make sure that the prior state is on disk, apply.
struct Attempt: Sendable {
    let kind: any StepKind
    let input: StepInput
    let context: StepContext
    /// What the first observation of this run recorded; nil where nothing was changed yet.
    let prior: Value?
    /// An earlier attempt may have had an effect that this one must find out about.
    let isInDoubt: Bool
    /// This run may have changed the world in an earlier attempt, so what is found there may be its own.
    let mayBeOurs: Bool
    let timeout: Duration?
    let time: any TimeSource

    enum Result: Sendable {
        case succeeded(StepOutput, changed: Bool)
        case failed(StepError)
        case unknown(String)
    }

    /// - Parameter prepare: Makes the prior state durable before anything is changed; false where the run does not go
    ///   on any more.
    func run(prepare: @escaping @Sendable (Value) async -> Bool) async -> Result {
        do {
            return try await withTimeout { try await self.observeAndApply(prepare) }
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
        if kind.reverting != .nothing {
            guard await prepare(found ?? .null) else { throw CancellationError() }
        }
        return .succeeded(try await kind.apply(input, prior: prior ?? found, context), changed: true)
    }

    private func withTimeout(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        guard let timeout else { return try await body() }
        let deadline = time.now() + timeout
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask { [time] in
                try await time.sleep(until: deadline)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                group.cancelAll()
                // The handler ends what it started before it returns; what it says then is no result any more,
                // unless it was done at the last moment.
                if let late = try? await group.next(), let result = late { return result }
                throw StepError(
                    .timedOut, "did not end within \(timeout.milliseconds / 1000) s",
                    remedy: "see 'runner logs' for what it waited for; raise 'timeout' where it only needs longer")
            }
            return result
        }
    }
}

/// The undoing of one step, outside the engine's loop.
struct RevertAttempt: Sendable {
    let attempt: Attempt
    let output: StepOutput?

    func run() async -> Swift.Result<[String], StepError> {
        do {
            return .success(
                try await attempt.kind.revert(attempt.input, output: output, prior: attempt.prior, attempt.context))
        } catch let error as StepError {
            return .failure(error)
        } catch is CancellationError {
            return .failure(StepError(.cancelled, "the revert was ended"))
        } catch {
            return .failure(StepError(.permanent, String(describing: error)))
        }
    }
}
