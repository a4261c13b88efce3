/// A node of the DAG.
public struct StepDefinition: Hashable, Sendable {
    /// What a rollback does with the step.
    public enum Revert: String, Hashable, Sendable, CaseIterable {
        /// As the step kind does it.
        case auto
        /// Leave the effect where it is.
        case keep
        /// A point of no return: a rollback stops before it.
        case never
    }

    /// The name that expressions and commands use.
    public var id: String
    /// The name of the step kind.
    public var uses: String
    public var description: String?
    /// The parameters, by name, not yet rendered.
    public var with: [String: Template]
    /// Indices of the steps that must be done before: named under `needs`, or referred to in an expression. Sorted.
    public var needs: [Int]
    /// Nil: always; where it is false, the step is skipped.
    public var when: Expression?
    /// Evaluates to the list that the step is done for, item by item; nil: once.
    public var forEach: Template?
    /// How many items of a `for_each` run at once; nil: no limit of its own.
    public var maxParallel: Int?
    public var retry: RetryPolicy
    /// Longest time for one attempt; nil: no limit.
    public var timeout: Duration?
    /// Longest time from the first attempt's start over all attempts; nil: no limit.
    public var totalTimeout: Duration?
    public var revert: Revert
    /// Further outputs, computed from the kind's own, which they read as `output`.
    public var outputs: [String: Template]
    /// Where the step stands, for messages; nil where it was not read from a file.
    public var location: SourceLocation?

    public init(
        _ id: String, uses: String, description: String? = nil, with: [String: Template] = [:], needs: [Int] = [],
        when: Expression? = nil, forEach: Template? = nil, maxParallel: Int? = nil, retry: RetryPolicy = RetryPolicy(),
        timeout: Duration? = nil, totalTimeout: Duration? = nil, revert: Revert = .auto,
        outputs: [String: Template] = [:], location: SourceLocation? = nil
    ) {
        self.id = id
        self.uses = uses
        self.description = description
        self.with = with
        self.needs = needs
        self.when = when
        self.forEach = forEach
        self.maxParallel = maxParallel
        self.retry = retry
        self.timeout = timeout
        self.totalTimeout = totalTimeout
        self.revert = revert
        self.outputs = outputs
        self.location = location
    }
}
