extension Expression {
    /// The expression's value.
    ///
    /// A member of null is null, so that what reads the output of a skipped step is skipped over too. A missing member
    /// of an object is an error, except in the first argument of `default`.
    public func evaluate(in scope: Scope) throws(EvaluationError) -> Value {
        try evaluate(in: scope, lenient: false)
    }

    /// - Parameter lenient: Whether a missing member is null.
    private func evaluate(in scope: Scope, lenient: Bool) throws(EvaluationError) -> Value {
        switch self {
        case .literal(let value): return value
        case .name(let name):
            guard let value = try scope.lookup(name) else {
                throw .invalid("there is no '\(name)' here: write a path such as inputs.\(name) or steps.\(name)")
            }
            return value
        case .member(.name("steps"), .literal(.string(let id))):
            guard let value = try scope.step(id) else { throw .invalid("there is no step '\(id)'") }
            return value
        case .member(let base, let key):
            let value = try base.evaluate(in: scope, lenient: lenient)
            return try member(try key.evaluate(in: scope, lenient: lenient), of: value, lenient: lenient)
        case .not(let operand): return .bool(!(try operand.condition(in: scope)))
        case .and(let left, let right):
            return .bool(try left.condition(in: scope) ? right.condition(in: scope) : false)
        case .or(let left, let right):
            return .bool(try left.condition(in: scope) ? true : right.condition(in: scope))
        case .compare(let comparison, let left, let right):
            return .bool(try comparison.holds(left.evaluate(in: scope), right.evaluate(in: scope)))
        case .call("default", let arguments) where arguments.count == 2:
            let value = try arguments[0].evaluate(in: scope, lenient: true)
            return value.isNull ? try arguments[1].evaluate(in: scope, lenient: lenient) : value
        case .call("if", let arguments) where arguments.count == 3:
            return try arguments[try arguments[0].condition(in: scope) ? 1 : 2].evaluate(in: scope, lenient: lenient)
        case .call(let name, let arguments):
            guard let function = ExpressionFunction.named(name) else {
                throw .invalid("there is no function '\(name)'")
            }
            var values: [Value] = []
            for argument in arguments { values.append(try argument.evaluate(in: scope)) }
            return try function.call(values)
        case .located(let location, let expression):
            do throws(EvaluationError) {
                return try expression.evaluate(in: scope, lenient: lenient)
            } catch .invalid(let message) {
                throw .invalid("\(location): \(message) (in '\(expression.description.prefix(200))')")
            }
        }
    }

    /// The value as true or false: null counts as false, anything but a boolean is an error.
    package func condition(in scope: Scope) throws(EvaluationError) -> Bool {
        switch try evaluate(in: scope) {
        case .bool(let value): return value
        case .null: return false
        case let value:
            throw .invalid("'\(self)' is of type \(value.typeName), not true or false: compare it with something")
        }
    }

    private func member(_ key: Value, of value: Value, lenient: Bool) throws(EvaluationError) -> Value {
        switch (value, key) {
        case (.null, _): return .null
        case (.object(let members), .string(let name)):
            if let member = members[name] { return member }
            guard !lenient else { return .null }
            let remedy = Spelling.remedy(for: name, among: members.keys, none: "the object is empty")
            throw .invalid(
                "'\(self)': there is no '\(name)': \(remedy), or default(\(self), …) where it may be missing")
        case (.array(let elements), .integer(let index)):
            if elements.indices.contains(index) { return elements[index] }
            guard !lenient else { return .null }
            throw .invalid("'\(self)': there is no element \(index): the list has \(elements.count), counted from 0")
        case (.array, _):
            throw .invalid("'\(self)' asks a list for a name: write [0] for its first element, or pluck(list, name)")
        case (.object, _):
            throw .invalid("'\(self)' asks an object for a key of type \(key.typeName): its keys are strings")
        default:
            throw .invalid("'\(self)' asks for a member of a value of type \(value.typeName), which has none")
        }
    }
}

extension Expression.Comparison {
    func holds(_ left: Value, _ right: Value) throws(EvaluationError) -> Bool {
        switch self {
        case .equal: return left.isEqual(to: right)
        case .notEqual: return !left.isEqual(to: right)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: break
        }
        switch (left, right) {
        case (.string(let left), .string(let right)): return inOrder(left, right)
        case (.integer(let left), .integer(let right)): return inOrder(left, right)
        default:
            guard let first = left.asNumber, let second = right.asNumber else {
                throw .invalid(
                    "'\(rawValue)' compares two numbers or two strings, not \(left.typeName) and \(right.typeName)")
            }
            return inOrder(first, second)
        }
    }

    private func inOrder<T: Comparable>(_ left: T, _ right: T) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        case .notEqual: left != right
        }
    }
}

extension Value {
    /// Equality of what is meant: 1 and 1.0 are equal, inside lists and objects too.
    func isEqual(to other: Value) -> Bool {
        switch (self, other) {
        case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)):
            Int(exactly: right) == left
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { key, value in right[key].map { value.isEqual(to: $0) } ?? false }
        default: self == other
        }
    }

    var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// A string, number or boolean as text; nil for null, lists and objects.
    var asText: String? {
        switch self {
        case .string(let value): value
        case .integer(let value): String(value)
        case .number(let value): Value.text(of: value)
        case .bool(let value): String(value)
        case .null, .array, .object: nil
        }
    }
}
