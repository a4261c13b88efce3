/// What the names of an expression stand for.
public struct Scope: Sendable {
    /// Nil: no such name here. Throws where the value is not known yet (a plan before the step has run).
    public var lookup: @Sendable (_ name: String) throws(EvaluationError) -> Value?
    /// The outputs of a step, secrets among them; asked for by `steps.ID` so that not all are gathered each time.
    public var step: @Sendable (_ id: String) throws(EvaluationError) -> Value?

    public init(
        lookup: @escaping @Sendable (_ name: String) throws(EvaluationError) -> Value?,
        step: @escaping @Sendable (_ id: String) throws(EvaluationError) -> Value?
    ) {
        self.lookup = lookup
        self.step = step
    }
}

/// Why an expression has no value.
public enum EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The step's output is known only after it has been applied.
    case notYetKnown(step: String)
    /// The expression does not fit its values: what, and what to do.
    case invalid(String)

    public var description: String {
        switch self {
        case .notYetKnown(let step): "known only after step '\(step)' is applied"
        case .invalid(let message): message
        }
    }
}

extension Scope {
    /// A scope of known values.
    public init(names: [String: Value], steps: [String: Value] = [:]) {
        self.init(lookup: { name in names[name] }, step: { id in steps[id] })
    }
}
