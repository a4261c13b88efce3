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
    /// A whole expression as it was read from a file: its faults name the place.
    case located(SourceLocation, Expression)
}

extension Expression {
    /// The ids of the steps that the expression reads.
    public var steps: Set<String> {
        switch self {
        case .literal, .name: []
        case .member(.name("steps"), .literal(.string(let id))): [id]
        case .member(let base, let key): base.steps.union(key.steps)
        case .not(let operand), .located(_, let operand): operand.steps
        case .and(let left, let right), .or(let left, let right), .compare(_, let left, let right):
            left.steps.union(right.steps)
        case .call(_, let arguments): arguments.reduce(into: []) { $0.formUnion($1.steps) }
        }
    }
}

extension Expression: CustomStringConvertible {
    /// The expression as it would be written, with only the parentheses it needs to be read the same again.
    public var description: String {
        switch self {
        case .literal(let value): value.canonicalJSON
        case .name(let name): name
        case .member(let base, .literal(.string(let key))) where ExpressionLexer.isName(key): "\(base.operand).\(key)"
        case .member(let base, let key): "\(base.operand)[\(key)]"
        case .not(let operand): "!\(operand.operand)"
        case .and(let left, let right): "\(left.operand) && \(right.operand)"
        case .or(let left, let right): "\(left.operand) || \(right.operand)"
        case .compare(let comparison, let left, let right):
            "\(left.operand) \(comparison.rawValue) \(right.operand)"
        case .call(let name, let arguments): "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
        case .located(_, let expression): expression.description
        }
    }

    private var operand: String {
        switch self {
        case .and, .or, .compare: "(\(description))"
        case .located(_, let expression): expression.operand
        default: description
        }
    }
}
