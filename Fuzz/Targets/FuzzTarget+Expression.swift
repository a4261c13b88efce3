import Workflow

extension FuzzTarget {
    /// What expressions of the corpus read.
    private static let scope = Scope(
        names: [
            "inputs": [
                "name": "acme", "size": 3, "ratio": 0.5, "on": true, "none": .null, "list": ["a", "b", 1],
                "hosts": [["name": "x", "port": 80], ["name": "y", "port": 81]], "map": ["a-b": 1, "c d": [2]],
            ],
            "secrets": ["token": "s3cr3t"], "item": ["id": 7], "index": 2, "run": ["id": "r1"],
            "output": ["stdout": "line\n"],
        ],
        steps: ["build": ["id": "x1", "ports": [1, 2]], "skipped": .null])

    /// An expression has a value or a reason for none; printed, it reads as the same expression again.
    static func checkExpression(_ text: String) throws {
        let expression: Expression
        do {
            expression = try Expression(parsing: text)
        } catch {
            return try require(!error.errors.isEmpty, "refused without a fault")
        }
        let printed = expression.description
        let again: Expression
        do {
            again = try Expression(parsing: printed)
        } catch {
            throw BrokenProperty("what is printed cannot be read: \(printed): \(error)")
        }
        try require(again.unlocated == expression.unlocated, "printed as \(printed), it reads as \(again)")
        try require(again.steps == expression.steps, "other steps are read by \(printed)")
        try require(value(expression) == value(again), "\(printed) has another value")
    }

    /// The value; nil where there is none.
    private static func value(_ expression: Expression) -> Value? { try? expression.evaluate(in: scope) }

    /// A template has a value or a reason for none, and a text in which everything is quoted stands for itself.
    static func checkTemplate(_ text: String) throws {
        if let template = try? Template(parsing: text) { _ = try? template.evaluate(in: scope) }
        // Letter by letter: what follows may be an accent, which is one character with the bracket to Swift.
        let scalars = Array(text.unicodeScalars).replacing("${{".unicodeScalars, with: "$${{".unicodeScalars)
        let quoted = try Template(parsing: String(String.UnicodeScalarView(scalars)))
        let value = try quoted.evaluate(in: scope)
        try require(value == .string(text), "quoted, it gives \(value)")
    }
}

extension Expression {
    /// Without the places that its parts were read from.
    fileprivate var unlocated: Expression {
        switch self {
        case .literal, .name: self
        case .member(let base, let key): .member(base.unlocated, key.unlocated)
        case .not(let operand): .not(operand.unlocated)
        case .and(let left, let right): .and(left.unlocated, right.unlocated)
        case .or(let left, let right): .or(left.unlocated, right.unlocated)
        case .compare(let comparison, let left, let right): .compare(comparison, left.unlocated, right.unlocated)
        case .call(let name, let arguments): .call(name, arguments.map(\.unlocated))
        case .located(_, let expression): expression.unlocated
        }
    }
}
