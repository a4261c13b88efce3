/// Where a run stands.
///
/// `pending → running → succeeded | failed | unknown | cancelled`, and from a stopped run
/// `rollingBack → rolledBack | rollbackFailed`. Whether somebody drives a `running` run is not part of it: that
/// follows from the lease on the journal.
public enum RunStatus: String, Hashable, Sendable, Codable, CaseIterable {
    /// Made, but held back by its concurrency group.
    case pending
    case running
    case succeeded
    /// A step failed for good. Keeps all it has; `resume` goes on.
    case failed
    /// The outcome of a step is not known, and an operator has to say.
    case unknown
    /// Nothing new starts; what runs is being ended.
    case cancelling
    case cancelled
    case rollingBack
    case rolledBack
    /// A revert failed, or a point of no return was in the way. `rollback` tries again.
    case rollbackFailed

    /// Whether the run does nothing more until somebody asks for it.
    public var isSettled: Bool {
        switch self {
        case .pending, .running, .cancelling, .rollingBack: false
        case .succeeded, .failed, .unknown, .cancelled, .rolledBack, .rollbackFailed: true
        }
    }
}

/// Where a step (or one item of a `for_each`) stands.
public enum StepStatus: String, Hashable, Sendable, Codable, CaseIterable {
    case pending
    case running
    /// Between two attempts.
    case backingOff
    /// For an approval, a signal, a timer or a sub-run; costs no worker.
    case waiting
    case succeeded
    case failed
    case skipped
    case cancelled
    case unknown
    case reverting
    case reverted
    case revertFailed
}
