/// A pure function that expressions can call.
public struct ExpressionFunction: Sendable {
    /// The longest text and the longest list that a function gives: expressions cannot fill the memory.
    static let maximumBytes = 8 << 20
    static let maximumElements = 100_000

    public let name: String
    /// How many arguments it takes.
    public let arity: Int
    /// As it is called: `join(list, separator)`.
    public let signature: String
    /// What it gives, in one line.
    public let summary: String
    private let body: @Sendable (Arguments) throws(EvaluationError) -> Value

    init(
        _ signature: String, _ summary: String,
        _ body: @escaping @Sendable (Arguments) throws(EvaluationError) -> Value
    ) {
        self.name = String(signature.prefix { $0 != "(" })
        self.arity = signature.split(separator: ",").count
        self.signature = signature
        self.summary = summary
        self.body = body
    }

    static func named(_ name: String) -> ExpressionFunction? { table[name] }

    func call(_ values: [Value]) throws(EvaluationError) -> Value {
        guard arity == values.count else {
            throw .invalid("'\(name)' does not take \(values.count) arguments: write \(signature)")
        }
        let value = try body(Arguments(function: self, values: values))
        switch value {
        case .string(let text) where text.utf8.count > Self.maximumBytes:
            throw .invalid("the result of '\(name)' is longer than \(Self.maximumBytes >> 20) MiB")
        case .array(let elements) where elements.count > Self.maximumElements:
            throw .invalid("the result of '\(name)' has more than \(Self.maximumElements) elements")
        default: return value
        }
    }

    /// The arguments of one call, read by type.
    struct Arguments: Sendable {
        let function: ExpressionFunction
        let values: [Value]

        subscript(index: Int) -> Value { values.indices.contains(index) ? values[index] : .null }

        func string(_ index: Int) throws(EvaluationError) -> String {
            guard let text = self[index].asText else { throw mismatch(index, "text") }
            return text
        }

        func array(_ index: Int) throws(EvaluationError) -> [Value] {
            guard let elements = self[index].arrayValue else { throw mismatch(index, "a list") }
            return elements
        }

        func object(_ index: Int) throws(EvaluationError) -> [String: Value] {
            guard let members = self[index].objectValue else { throw mismatch(index, "an object") }
            return members
        }

        func mismatch(_ index: Int, _ wanted: String) -> EvaluationError {
            let hint = self[index].isNull ? "; use default(…, …) where it may be missing" : ""
            return .invalid(
                "argument \(index + 1) of \(function.signature) must be \(wanted), not \(self[index].typeName)\(hint)")
        }
    }
}
