extension TimeSource {
    /// Runs `body`, and cancels it once `limit` has passed.
    ///
    /// - Parameter limit: Nil: as long as it takes.
    /// - Returns: What `body` returns, also where it was done at the last moment.
    /// - Throws: What `body` throws; where it ran out of time, `StepError` of the kind `timedOut`, or `outcomeUnknown`
    ///   where `body` says so.
    func limit<Result: Sendable>(
        _ limit: Duration?, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let limit else { return try await body() }
        let deadline = now() + limit
        return try await withThrowingTaskGroup(of: LimitedTask<Result>.self) { group in
            group.addTask {
                do { return .ended(.success(try await body())) } catch { return .ended(.failure(error)) }
            }
            group.addTask {
                do { try await sleep(until: deadline) } catch { return .awoken }
                return .timeOver
            }
            var isOver = false
            for try await task in group {
                switch task {
                case .awoken: continue
                case .timeOver:
                    isOver = true
                    // The handler ends what it started before it returns.
                    group.cancelAll()
                case .ended(let result):
                    group.cancelAll()
                    guard isOver, case .failure(let error) = result else { return try result.get() }
                    throw timeOver(limit, error)
                }
            }
            throw CancellationError()
        }
    }

    private func timeOver(_ limit: Duration, _ error: any Error) -> StepError {
        let last = error as? StepError
        if let last, last.kind == .outcomeUnknown { return last }
        let detail = last.flatMap { $0.kind == .cancelled ? nil : ": \($0.message)" } ?? ""
        return StepError(
            .timedOut, "did not end within \(limit.milliseconds / 1000) s\(detail)", object: last?.object,
            remedy: "see 'runner logs' for what it waited for; raise 'timeout' where it only needs longer")
    }
}

private enum LimitedTask<Result: Sendable>: Sendable {
    case ended(Swift.Result<Result, any Error>)
    case timeOver
    /// The sleep was cancelled: `body` has ended, or all of it is being ended.
    case awoken
}
