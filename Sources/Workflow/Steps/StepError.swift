/// Why a step did not do what it should, and what the operator can do.
public struct StepError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    /// What it means for the step: whether another try can help, and whether something may have been changed.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// May pass by itself: retried as the policy says.
        case transient
        /// Bad input, forbidden, not found: trying again cannot help.
        case permanent
        /// The world holds something that this step must not overwrite.
        case conflict
        /// Did not end in its time. Retried like `transient`.
        case timedOut
        /// Ended because the run was cancelled or the runner is shutting down.
        case cancelled
        /// A change was asked for and its reply was lost: it may or may not have happened. The step is observed
        /// again, and stops as unknown where that cannot tell.
        case outcomeUnknown

        /// Whether an attempt that fails so while it changes something may have done it all the same.
        var leavesDoubt: Bool {
            switch self {
            case .timedOut, .cancelled, .outcomeUnknown: true
            case .transient, .permanent, .conflict: false
            }
        }
    }

    public var kind: Kind
    /// What happened.
    public var message: String
    /// To which object, such as `release clearml/clearml` or a URL without credentials.
    public var object: String?
    /// What the operator can do.
    public var remedy: String?

    public init(_ kind: Kind, _ message: String, object: String? = nil, remedy: String? = nil) {
        self.kind = kind
        self.message = message
        self.object = object
        self.remedy = remedy
    }

    public var description: String {
        let place = object.map { "\($0): " } ?? ""
        let fix = remedy.map { "\n  fix: \($0)" } ?? ""
        return "\(place)\(message) [\(kind.rawValue)]\(fix)"
    }
}
