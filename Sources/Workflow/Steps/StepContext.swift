/// What a handler may know of the attempt it works for.
public struct StepContext: Sendable {
    /// The run's identifier; together with `step` a name that stays the same over all attempts.
    public let run: String
    /// The step's name, with its item where the step is a `for_each`: `gpu[2]`.
    public let step: String
    /// 1-based.
    public let attempt: Int
    /// A folder that belongs to the installation (not the run), kept between runs.
    public let dataDirectory: String
    /// What this run did for this step before.
    public var history: StepHistory
    /// Writes a line of the step's own account; redacted, capped and stored with the attempt.
    public let log: @Sendable (LogStream, String) -> Void

    public init(
        run: String, step: String, attempt: Int, dataDirectory: String, history: StepHistory = StepHistory(),
        log: @escaping @Sendable (LogStream, String) -> Void
    ) {
        self.run = run
        self.step = step
        self.attempt = attempt
        self.dataDirectory = dataDirectory
        self.history = history
        self.log = log
    }
}

/// What a run has done for one of its steps so far, as its journal knows it.
///
/// Where a system cannot be told who made what is found in it, this tells the run's own doing from a stranger's.
public struct StepHistory: Hashable, Sendable {
    /// What `observe` recorded before the first change of this run; nil where nothing was changed, or nothing recorded.
    public var prior: Value?
    /// The latest attempt may have had an effect that nobody saw: what is there now, and was not in `prior`, may be it.
    public var isInDoubt: Bool
    /// The public output of the latest attempt that succeeded; nil where none did.
    public var output: [String: Value]?

    public init(prior: Value? = nil, isInDoubt: Bool = false, output: [String: Value]? = nil) {
        self.prior = prior
        self.isInDoubt = isInDoubt
        self.output = output
    }
}

/// Where a line of a step's output came from.
public enum LogStream: String, Hashable, Sendable, Codable {
    /// The handler's own words.
    case note
    case stdout
    case stderr
}
