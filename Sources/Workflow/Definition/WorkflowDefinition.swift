/// A workflow as it was read and checked: inputs and a DAG of steps. A value; nothing in it is checked again.
public struct WorkflowDefinition: Hashable, Sendable {
    public enum OnFailure: String, Hashable, Sendable, CaseIterable {
        /// Keep all that was done, and wait for `resume`.
        case stop
        /// Revert what was done.
        case rollback
    }

    public var name: String
    public var version: Int
    public var description: String?
    public var inputs: [InputDefinition]
    public var secrets: [SecretDefinition]
    /// In the order of the file. `StepDefinition.needs` holds indices into this array.
    public var steps: [StepDefinition]
    public var outputs: [String: Template]
    public var onFailure: OnFailure
    public var concurrency: ConcurrencyRule?

    public init(
        name: String, version: Int = 1, description: String? = nil, inputs: [InputDefinition] = [],
        secrets: [SecretDefinition] = [], steps: [StepDefinition], outputs: [String: Template] = [:],
        onFailure: OnFailure = .stop, concurrency: ConcurrencyRule? = nil
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.inputs = inputs
        self.secrets = secrets
        self.steps = steps
        self.outputs = outputs
        self.onFailure = onFailure
        self.concurrency = concurrency
    }
}

/// An input of a workflow.
public struct InputDefinition: Hashable, Sendable {
    public var name: String
    public var schema: Schema
    /// Nil: the input must be given.
    public var `default`: Value?
    /// A secret input is bound like a secret, and never journaled.
    public var secret: Bool
    public var description: String?

    public init(_ name: String, _ schema: Schema, default: Value? = nil, secret: Bool = false, description: String? = nil)
    {
        self.name = name
        self.schema = schema
        self.default = `default`
        self.secret = secret
        self.description = description
    }
}

/// A secret that the operator binds to a source when a run starts.
public struct SecretDefinition: Hashable, Sendable {
    public var name: String
    public var description: String?
    /// False: may be left unbound, and reads as null then.
    public var required: Bool

    public init(_ name: String, description: String? = nil, required: Bool = true) {
        self.name = name
        self.description = description
        self.required = required
    }
}

/// How many runs that share a group may be under way.
public struct ConcurrencyRule: Hashable, Sendable {
    public enum OnConflict: String, Hashable, Sendable, CaseIterable {
        /// Wait until the other run has ended.
        case queue
        /// Refuse the new run.
        case reject
    }

    /// Evaluates to the group's name.
    public var group: Template
    public var onConflict: OnConflict

    public init(group: Template, onConflict: OnConflict = .queue) {
        self.group = group
        self.onConflict = onConflict
    }
}

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

    public var id: String
    public var uses: String
    public var description: String?
    /// The parameters, by name, not yet rendered.
    public var with: [String: Template]
    /// Indices of the steps that must be done before: named under `needs`, or referred to in an expression. Sorted.
    public var needs: [Int]
    public var when: Expression?
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

/// A place in a file; both numbers are 1-based.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}
