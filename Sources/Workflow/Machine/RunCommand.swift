/// What the machine asks the engine to do next. Never stored: it follows from the state alone.
public enum RunCommand: Hashable, Sendable {
    /// Find out whether the step is skipped, and what a `for_each` runs over.
    case evaluate(step: Int)
    /// `attempt` is 1-based and counts interrupted ones too.
    case startAttempt(InstanceID, attempt: Int)
    case startRevert(InstanceID, attempt: Int)
    /// `on_failure: rollback` asks for it.
    case beginRollback
    /// Nothing is left to do; the engine adds the outputs.
    case settle(RunStatus)
}
