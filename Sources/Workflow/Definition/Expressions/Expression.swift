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
    public var description: String { written(binding: 0) }

    /// - Parameter least: How tightly it has to hold together to stand where it does without parentheses.
    private func written(binding least: Int) -> String {
        let text =
            switch self {
            // A whole number that is no integer would be read as one.
            case .literal(.number(let number)): "\(number)"
            case .literal(let value): value.canonicalJSON
            case .name(let name): name
            case .member(let base, .literal(.string(let key))) where ExpressionLexer.isName(key):
                "\(base.written(binding: 5)).\(key)"
            case .member(let base, let key): "\(base.written(binding: 5))[\(key)]"
            case .not(let operand): "!\(operand.written(binding: 4))"
            case .compare(let comparison, let left, let right):
                "\(left.written(binding: 4)) \(comparison.rawValue) \(right.written(binding: 4))"
            case .and(let left, let right): "\(left.written(binding: 2)) && \(right.written(binding: 3))"
            case .or(let left, let right): "\(left.written(binding: 1)) || \(right.written(binding: 2))"
            case .call(let name, let arguments): "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
            case .located(_, let expression): expression.written(binding: least)
            }
        return binding < least ? "(\(text))" : text
    }

    /// How tightly it holds together; the parser's numbers, with `!` and what stands after a value on top.
    private var binding: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .compare: 3
        case .not: 4
        // What is within has seen to it.
        case .literal, .name, .member, .call, .located: 5
        }
    }
}
