/// What a run would do, found out by `observe` alone.
public struct Plan: Hashable, Sendable, Codable {
    public var workflow: String
    public var version: Int
    /// The hash of the workflow's bundle.
    public var bundle: String
    public var inputs: [String: Value]
    public var steps: [PlannedStep]

    /// Whether a run would find everything as it should be.
    public var isEmpty: Bool { steps.allSatisfy(\.isQuiet) }

    /// How many steps, sub-runs' included, would do each thing.
    public var counts: [PlannedStep.Action: Int] {
        var counts: [PlannedStep.Action: Int] = [:]
        func add(_ steps: [PlannedStep]) {
            for step in steps {
                if step.steps.isEmpty { counts[step.action, default: 0] += 1 } else { add(step.steps) }
            }
        }
        add(steps)
        return counts
    }
}

/// One step (or item of a `for_each`) of a plan.
public struct PlannedStep: Hashable, Sendable, Codable {
    public enum Action: String, Hashable, Sendable, Codable, CaseIterable {
        /// Not there: it would be made.
        case create
        /// There, but not as wanted; `changes` says how.
        case change
        /// Just as wanted.
        case none
        /// Only reads, or only waits: changes nothing.
        case run
        /// Cannot be known before other steps have been applied, or cannot be observed at all.
        case unknown
        /// Its `when` is false.
        case skip
        /// It could not be looked at; `reason` says why.
        case failed
    }

    /// The instance's name: `gpu[2]`, or the step's name.
    public var id: String
    public var uses: String
    public var action: Action
    /// Secrets are redacted.
    public var changes: [Change]
    public var reason: String?
    /// What it does cannot be undone: a later rollback stops before it.
    public var isPointOfNoReturn: Bool
    /// The steps of a sub-run.
    public var steps: [PlannedStep]

    /// Whether nothing would change.
    public var isQuiet: Bool {
        steps.isEmpty ? [.none, .skip, .run].contains(action) : steps.allSatisfy(\.isQuiet)
    }
}
