/// What stands inside `${{ }}`: paths, literals, comparisons, `&&`, `||`, `!`, and calls of pure functions.
public indirect enum Expression: Hashable, Sendable {
    public enum Comparison: String, Hashable, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    case literal(Value)
    /// A name of the scope (`inputs`, `secrets`, `steps`, `item`, `index`, `run`, `output`).
    case name(String)
    /// A member of an object, or an element of an array: `base.key`, `base[index]`.
    case member(Expression, Expression)
    case not(Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case compare(Comparison, Expression, Expression)
    case call(String, [Expression])
}

/// A value with expressions in it: what `with`, values files and outputs are before they are rendered.
public indirect enum Template: Hashable, Sendable {
    case literal(Value)
    /// A string that is one `${{ }}` alone: keeps the type of its value.
    case expression(Expression)
    /// Text with `${{ }}` in it: always a string.
    case text([Template])
    case array([Template])
    case object([String: Template])
    /// Merged from left to right, objects deeply, all else replaced: several values files.
    case merged([Template])
}

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
