/// What is known of one instance: of a step, or of one item of a `for_each`.
public struct InstanceState: Hashable, Sendable {
    public enum Phase: Hashable, Sendable {
        case pending
        case running
        case backingOff(until: Timestamp)
        case waiting(Wait)
        case succeeded
        case failed
        case skipped(reason: String)
        case cancelled
        case unknown(reason: String)
        case reverting
        case revertBackingOff(until: Timestamp)
        case reverted
        case revertFailed
    }

    /// What this run may have changed in the world.
    public enum Effect: Hashable, Sendable {
        /// Nothing, or nothing any more.
        case none
        /// `apply` was allowed to start, and did not report success.
        case possible
        /// `apply` succeeded.
        case certain
    }

    public internal(set) var phase: Phase = .pending
    /// How many attempts have started, interrupted ones included.
    public internal(set) var attempts = 0
    /// How many attempts failed since the step was last started by hand: what the retry policy counts.
    public internal(set) var failures = 0
    public internal(set) var effect: Effect = .none
    /// An earlier attempt was interrupted, or its reply lost, when it may have changed something: only `observe` can
    /// tell what it did.
    public internal(set) var isInDoubt = false
    /// `apply` was allowed to start in the latest attempt.
    var isPrepared = false
    /// The effect that was known before an attempt came into doubt: what is left where that one did not happen.
    var effectBeforeDoubt: Effect = .none
    /// What `observe` recorded before the first change of this run; nil where nothing was changed.
    public internal(set) var prior: Value?
    public internal(set) var output: [String: Value]?
    /// The secret outputs, encrypted.
    public internal(set) var sealed: String?
    public internal(set) var failure: StepError?
    public internal(set) var revertAttempts = 0
    public internal(set) var revertFailures = 0
    /// What knowingly stayed behind after a revert.
    public internal(set) var left: [String] = []
    /// When the first attempt began since the step was last started by hand, or interrupted: time in which nobody drove
    /// the run counts for no timeout.
    public internal(set) var startedAt: Timestamp?
    public internal(set) var endedAt: Timestamp?

    public var status: StepStatus {
        switch phase {
        case .pending: .pending
        case .running: .running
        case .backingOff: .backingOff
        case .waiting: .waiting
        case .succeeded: .succeeded
        case .failed: .failed
        case .skipped: .skipped
        case .cancelled: .cancelled
        case .unknown: .unknown
        case .reverting, .revertBackingOff: .reverting
        case .reverted: .reverted
        case .revertFailed: .revertFailed
        }
    }

    /// When this instance wakes by itself; nil where it does not.
    public var deadline: Timestamp? {
        switch phase {
        case .backingOff(let until), .revertBackingOff(let until): until
        case .waiting(let wait): wait.deadline
        default: nil
        }
    }
}

extension InstanceState.Phase {
    /// It holds one of the run's workers.
    var holdsWorker: Bool {
        switch self {
        case .running, .reverting: true
        default: false
        }
    }

    /// Work is under way that a stopping run waits for: an attempt, a revert, or a sub-run.
    var isBusy: Bool {
        if case .waiting(.run) = self { return true }
        return holdsWorker
    }

    /// A run that goes on after a stop starts it anew.
    var goesOnWhenResumed: Bool {
        switch self {
        case .failed, .cancelled, .backingOff: true
        default: false
        }
    }

    /// The steps that need this one may start.
    var isDone: Bool {
        switch self {
        case .succeeded, .skipped: true
        default: false
        }
    }
}
