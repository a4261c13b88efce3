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
    /// Writes a line of the step's own account; redacted, capped and stored with the attempt.
    public let log: @Sendable (LogStream, String) -> Void

    public init(
        run: String, step: String, attempt: Int, dataDirectory: String,
        log: @escaping @Sendable (LogStream, String) -> Void
    ) {
        self.run = run
        self.step = step
        self.attempt = attempt
        self.dataDirectory = dataDirectory
        self.log = log
    }
}

/// Where a line of a step's output came from.
public enum LogStream: String, Hashable, Sendable, Codable {
    /// The handler's own words.
    case note
    case stdout
    case stderr
}
