import Workflow

extension Clock where Duration == Swift.Duration {
    /// Asks again and again, after pauses that grow from a quarter of a second to five.
    ///
    /// - Parameters:
    ///   - object: What is waited for, for the error where the wait is stopped.
    ///   - ask: Gives nil as long as the wait is to go on.
    /// - Returns: What it gave in the end; nil where `limit` has passed.
    func poll<T: Sendable>(
        within limit: Duration, for object: String, ask: () async throws(StepError) -> T?
    ) async throws(StepError) -> T? {
        let start = now
        var pause = Duration.milliseconds(250)
        while true {
            if let answer = try await ask() { return answer }
            let left = limit - start.duration(to: now)
            guard left > .zero else { return nil }
            do {
                try await sleep(for: min(pause, left))
            } catch {
                throw StepError(.cancelled, "the wait was stopped", object: object)
            }
            pause = min(pause * 2, .seconds(5))
        }
    }
}
