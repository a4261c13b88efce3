/// An immutable fact in a run's journal. What the codes of the stored form mean is in `RunEvent+Coding.swift`.
public enum RunEvent: Hashable, Sendable {
    /// Always the first. Everything that was given from outside is in the header.
    indirect case created(RunHeader)
    /// The run's concurrency group let it start.
    case admitted
    /// A `for_each` got its items.
    case expanded(step: Int, items: [Value])
    case skipped(InstanceID, reason: String, by: Actor?)
    case attemptStarted(InstanceID, attempt: Int)
    /// `observe` has looked, and `apply` may change the world from here on. `prior`: what a revert will need.
    case attemptPrepared(InstanceID, prior: Value)
    /// `sealed`: the secret outputs, encrypted. `changed`: whether this run had an effect, which a rollback undoes.
    case attemptSucceeded(InstanceID, output: [String: Value], sealed: String?, changed: Bool)
    /// `retryAt`: when the next attempt starts; nil where there is none.
    indirect case attemptFailed(InstanceID, StepError, retryAt: Timestamp?)
    /// Its process ended, or its reply was lost: what it did is found out by the next attempt's `observe`.
    case attemptInterrupted(InstanceID, reason: String)
    /// Nobody but an operator can tell what the interrupted attempt did.
    case outcomeUnknown(InstanceID, reason: String)
    case waitStarted(InstanceID, Wait)
    case timerFired(InstanceID)
    case signalReceived(name: String, data: Value, by: Actor)
    case approved(InstanceID, by: Actor, reason: String?)
    case rejected(InstanceID, by: Actor, reason: String?)
    case resolved(InstanceID, Resolution, by: Actor, reason: String)
    case cancelRequested(by: Actor, reason: String?)
    case rollbackRequested(by: Actor, reason: String?)
    case resumed(by: Actor)
    /// `from`: this step and all after it are done anew; nil: only what failed.
    case retryRequested(from: Int?, by: Actor)
    case revertStarted(InstanceID, attempt: Int)
    /// `left`: what knowingly stays behind.
    case reverted(InstanceID, left: [String])
    indirect case revertFailed(InstanceID, StepError, retryAt: Timestamp?)
    case revertInterrupted(InstanceID)
    /// The run does nothing more until somebody asks.
    case settled(RunStatus, outputs: [String: Value])
}

/// What a run was started with.
public struct RunHeader: Hashable, Sendable, Codable {
    public var workflow: String
    public var version: Int
    /// The SHA-256 of the workflow's bundle, in hex: the run keeps this version for all its life.
    public var bundle: String
    public var inputs: [String: Value]
    /// Where each secret comes from, such as `env:TOKEN`; never a value.
    public var secretSources: [String: String]
    /// How many attempts run at once; at least 1.
    public var parallel: Int
    public var by: Actor
    /// Runs that share a group do not run at the same time.
    public var group: String?
    public var parent: Parent?

    public struct Parent: Hashable, Sendable, Codable {
        public var run: RunID
        public var step: String

        public init(run: RunID, step: String) {
            self.run = run
            self.step = step
        }
    }

    public init(
        workflow: String, version: Int, bundle: String, inputs: [String: Value] = [:],
        secretSources: [String: String] = [:], parallel: Int = 8, by: Actor, group: String? = nil, parent: Parent? = nil
    ) {
        self.workflow = workflow
        self.version = version
        self.bundle = bundle
        self.inputs = inputs
        self.secretSources = secretSources
        self.parallel = parallel
        self.by = by
        self.group = group
        self.parent = parent
    }
}

/// Who asked for something: a person's login and host, or a part of the runner.
public struct Actor: Hashable, Sendable, Codable, CustomStringConvertible {
    public var name: String
    public init(_ name: String) { self.name = name }
    public var description: String { name }

    /// The runner itself, following a workflow's own rules.
    public static let policy = Actor("workflow policy")

    public init(from decoder: any Decoder) throws { name = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

/// What a waiting step waits for.
public enum Wait: Hashable, Sendable, Codable {
    case timer(until: Timestamp)
    case approval(message: String, expires: Timestamp?)
    case signal(name: String, expires: Timestamp?)
    case run(RunID)

    /// When the wait ends by itself.
    public var deadline: Timestamp? {
        switch self {
        case .timer(let until): until
        case .approval(_, let expires), .signal(_, let expires): expires
        case .run: nil
        }
    }
}

/// What an operator says of an unknown outcome.
public enum Resolution: Hashable, Sendable, Codable {
    /// It happened, with this output.
    case adopt(output: [String: Value])
    /// It is safe to do again, whether it happened or not.
    case redo
    /// It did not happen.
    case discard
}
