/// How often, and after what pauses, a failed attempt is tried again.
public struct RetryPolicy: Hashable, Sendable {
    /// How many attempts in all, the first included; at least 1.
    public var attempts: Int
    /// The longest pause before the second attempt.
    public var initial: Duration
    /// What the longest pause is multiplied by from attempt to attempt; at least 1.
    public var factor: Double
    /// The cap of the longest pause.
    public var maximum: Duration

    public init(
        attempts: Int = 3, initial: Duration = .seconds(2), factor: Double = 2, maximum: Duration = .seconds(60)
    ) {
        self.attempts = attempts
        self.initial = initial
        self.factor = factor
        self.maximum = maximum
    }

    /// Time to wait before attempt `attempt` starts.
    ///
    /// - Parameters:
    ///   - attempt: 1-based; attempt 1 is the first try and waits zero.
    ///   - random: Source of jitter; pass a seeded one to repeat a run.
    /// - Returns: A duration in `0...maximum`, whole milliseconds.
    ///
    /// Full jitter: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
    public func delay(beforeAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        guard attempt > 1 else { return .zero }
        var ceiling = Double(initial.milliseconds)
        let cap = Double(maximum.milliseconds)
        for _ in 2..<max(attempt, 2) where ceiling < cap { ceiling *= factor }
        let longest = Int(min(ceiling, cap))
        return longest <= 0 ? .zero : .milliseconds(Int.random(in: 0...longest, using: &random))
    }
}
