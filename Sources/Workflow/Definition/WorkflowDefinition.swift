/// A workflow as it was read and checked: inputs and a DAG of steps. A value; nothing in it is checked again.
public struct WorkflowDefinition: Hashable, Sendable {
    /// What becomes of a run whose step has failed for good.
    public enum OnFailure: String, Hashable, Sendable, CaseIterable {
        /// Keep all that was done, and wait for `resume`.
        case stop
        /// Revert what was done.
        case rollback
    }

    public var name: String
    /// Counted up by the author with every change; a run keeps the one it was started with.
    public var version: Int
    public var description: String?
    public var inputs: [InputDefinition]
    public var secrets: [SecretDefinition]
    /// In the order of the file. `StepDefinition.needs` holds indices into this array.
    public var steps: [StepDefinition]
    /// What a succeeded run gives, by name.
    public var outputs: [String: Template]
    public var onFailure: OnFailure
    /// Nil: any number of runs may be under way.
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
    /// What a value must look like.
    public var schema: Schema
    /// Nil: the input must be given.
    public var `default`: Value?
    /// A secret input is bound like a secret, and never journaled.
    public var secret: Bool
    public var description: String?

    public init(
        _ name: String, _ schema: Schema, default: Value? = nil, secret: Bool = false, description: String? = nil
    ) {
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
    /// What becomes of a new run while another of its group is under way.
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
