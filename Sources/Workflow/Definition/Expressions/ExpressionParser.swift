/// Reads an expression: a Pratt parser over its tokens.
///
/// ```
/// expression = expression ("||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=") expression | "!" expression | postfix
/// postfix    = primary ("." NAME | "[" expression "]")*
/// primary    = NAME | NAME "(" [expression ("," expression)*] ")" | literal | "(" expression ")"
/// ```
struct ExpressionParser {
    /// What was read. Faults that leave the rest readable (an unknown function) are in `errors` too.
    struct Result {
        var expression: Expression?
        /// The offset after the expression and its `}}`; nil where the end could not be found.
        var end: Int?
        var references: [ExpressionReference] = []
        var errors: [DefinitionError] = []
    }

    /// Bounds of one expression, so that neither reading nor evaluating it can exhaust the stack.
    static let maximumNodes = 300
    static let maximumDepth = 60

    private let tokens: [ExpressionToken]
    private let locate: (Int) -> SourceLocation
    private var position = 0
    private var nodes = 0
    private var depth = 0
    private var result = Result()

    /// - Parameters:
    ///   - closed: Whether the expression ends with `}}`, rather than with the text.
    ///   - locate: The place of an offset (in Unicode scalars) of the text.
    static func parse(
        _ text: [Unicode.Scalar], from start: Int = 0, closed: Bool, locate: @escaping (Int) -> SourceLocation
    ) -> Result {
        do throws(ExpressionFault) {
            let (tokens, end) = try ExpressionLexer.tokens(of: text, from: start, closed: closed)
            var parser = ExpressionParser(tokens: tokens, locate: locate)
            parser.result.end = end
            do throws(ExpressionFault) {
                let expression = try parser.expression(above: 0)
                guard parser.current.kind == .end else {
                    throw ExpressionFault(
                        offset: parser.current.offset, message: "\(parser.current.text) is not expected here",
                        remedy: "write an operator before it, or remove it")
                }
                parser.result.expression = .located(locate(tokens[0].offset), expression)
            } catch {
                parser.report(error)
            }
            return parser.result
        } catch {
            var result = Result()
            result.errors = [DefinitionError(error.code, at: locate(error.offset), error.message, fix: error.remedy)]
            return result
        }
    }

    private init(tokens: [ExpressionToken], locate: @escaping (Int) -> SourceLocation) {
        self.tokens = tokens
        self.locate = locate
    }

    private var current: ExpressionToken { tokens[min(position, tokens.count - 1)] }

    private mutating func report(_ fault: ExpressionFault) {
        result.errors.append(
            DefinitionError(fault.code, at: locate(fault.offset), fault.message, fix: fault.remedy))
    }

    private mutating func takes(_ symbol: String) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String, after what: String) throws(ExpressionFault) {
        guard takes(symbol) else {
            throw ExpressionFault(
                offset: current.offset, message: "\(current.text) stands where '\(symbol)' is expected",
                remedy: "write '\(symbol)' after \(what)")
        }
    }

    private mutating func count(_ expression: Expression) throws(ExpressionFault) -> Expression {
        nodes += 1
        guard nodes <= Self.maximumNodes else { throw tooLarge() }
        return expression
    }

    private func tooLarge() -> ExpressionFault {
        ExpressionFault(offset: current.offset, message: "the expression is too large", remedy: "split it")
    }

    private static func binding(of symbol: String) -> Int? {
        switch symbol {
        case "||": 1
        case "&&": 2
        case "==", "!=", "<", "<=", ">", ">=": 3
        default: nil
        }
    }

    private mutating func expression(above minimum: Int) throws(ExpressionFault) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw tooLarge() }
        var left = try operand()
        var compared = false
        while case .symbol(let symbol) = current.kind, let binding = Self.binding(of: symbol), binding > minimum {
            let offset = current.offset
            position += 1
            let right = try expression(above: binding)
            switch symbol {
            case "||": left = try count(.or(left, right))
            case "&&": left = try count(.and(left, right))
            default:
                guard let comparison = Expression.Comparison(rawValue: symbol) else { throw tooLarge() }
                if compared {
                    throw ExpressionFault(
                        offset: offset, message: "comparisons cannot be chained",
                        remedy: "write a < b && b < c")
                }
                left = try count(.compare(comparison, left, right))
                compared = true
            }
        }
        return left
    }

    private mutating func operand() throws(ExpressionFault) -> Expression {
        if takes("!") {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.maximumDepth else { throw tooLarge() }
            return try count(.not(try operand()))
        }
        return try postfix()
    }

    private mutating func postfix() throws(ExpressionFault) -> Expression {
        let start = current
        var reference: ExpressionReference?
        var base = try primary()
        if case .name(let name) = base {
            reference = ExpressionReference(root: name, location: locate(start.offset), segments: [])
        }
        while true {
            let offset: Int
            let key: Expression
            if takes(".") {
                offset = current.offset
                guard case .name(let name) = current.kind else {
                    throw ExpressionFault(
                        offset: offset, message: "\(current.text) stands where a name is expected",
                        remedy: "write a name after the dot, or ['…'] for other keys")
                }
                position += 1
                key = .literal(.string(name))
            } else if takes("[") {
                offset = current.offset
                key = try expression(above: 0)
                try expect("]", after: "the key")
            } else {
                break
            }
            let member: ExpressionReference.Member =
                switch key {
                case .literal(.string(let key)): .key(key)
                case .literal(.integer(let index)): .index(index)
                default: .computed
                }
            reference?.segments.append(.init(member: member, location: locate(offset)))
            base = try count(.member(base, key))
        }
        if let reference { result.references.append(reference) }
        return base
    }

    private mutating func primary() throws(ExpressionFault) -> Expression {
        let token = current
        position += 1
        switch token.kind {
        case .string(let text): return try count(.literal(.string(text)))
        case .number(let value): return try count(.literal(value))
        case .name("true"): return try count(.literal(.bool(true)))
        case .name("false"): return try count(.literal(.bool(false)))
        case .name("null"): return try count(.literal(.null))
        case .name(let name): return takes("(") ? try call(name, at: token.offset) : try count(.name(name))
        case .symbol("("):
            let inner = try expression(above: 0)
            try expect(")", after: "the expression")
            return inner
        case .symbol, .end:
            position -= 1
            throw ExpressionFault(
                offset: token.offset, message: "\(token.text) stands where a value is expected",
                remedy: "write a path such as inputs.name, a literal, or a function call")
        }
    }

    private mutating func call(_ name: String, at offset: Int) throws(ExpressionFault) -> Expression {
        var arguments: [Expression] = []
        var firstPath: Int?
        if !takes(")") {
            repeat {
                let argument = try expression(above: 0)
                if arguments.isEmpty, argument.isPath { firstPath = result.references.count - 1 }
                arguments.append(argument)
            } while takes(",")
            try expect(")", after: "the arguments of '\(name)'")
        }
        if name == "pluck", let firstPath, case .literal(.string(let key))? = arguments.dropFirst().first {
            // Reads one member of every element, and so is checked as that.
            let place = locate(offset)
            result.references[firstPath].segments += [
                .init(member: .computed, location: place), .init(member: .key(key), location: place),
            ]
        }
        if let function = ExpressionFunction.named(name) {
            if function.arity != arguments.count {
                report(
                    ExpressionFault(
                        code: .wrongArguments, offset: offset,
                        message:
                            "'\(name)' does not take \(arguments.count) argument\(arguments.count == 1 ? "" : "s")",
                        remedy: "write \(function.signature)"))
            }
        } else {
            let names = ExpressionFunction.all.map(\.name)
            report(
                ExpressionFault(
                    code: .unknownFunction, offset: offset, message: "there is no function '\(name)'",
                    remedy: Spelling.remedy(for: name, among: names, none: "")))
        }
        return try count(.call(name, arguments))
    }
}

extension Expression {
    /// Whether this is a name with members, and no more.
    fileprivate var isPath: Bool {
        switch self {
        case .name: true
        case .member(let base, _): base.isPath
        default: false
        }
    }

    /// Reads an expression without `${{ }}`, such as `inputs.size > 3`.
    ///
    /// - Parameter file: What messages name as the place.
    public init(parsing text: String, file: String = "expression") throws(DefinitionErrors) {
        let result = ExpressionParser.parse(Array(text.unicodeScalars), closed: false) {
            SourceLocation(file: file, line: 1, column: $0 + 1)
        }
        guard result.errors.isEmpty, let expression = result.expression else { throw DefinitionErrors(result.errors) }
        self = expression
    }
}
