extension Template {
    /// The template with its expressions replaced by their values.
    public func evaluate(in scope: Scope) throws(EvaluationError) -> Value {
        switch self {
        case .literal(let value): return value
        case .expression(let expression): return try expression.evaluate(in: scope)
        case .text(let parts):
            var text = ""
            for part in parts {
                let value = try part.evaluate(in: scope)
                guard let piece = value.asText else { throw part.notText(value) }
                text += piece
            }
            return .string(text)
        case .array(let elements):
            var values: [Value] = []
            for element in elements { values.append(try element.evaluate(in: scope)) }
            return .array(values)
        case .object(let members):
            var values: [String: Value] = [:]
            for (key, member) in members { values[key] = try member.evaluate(in: scope) }
            return .object(values)
        case .merged(let layers):
            var result = Value.object([:])
            for layer in layers {
                let value = try layer.evaluate(in: scope)
                switch value {
                case .null: continue
                case .object: result = result.merged(with: value)
                default: throw .invalid("values that are merged must be objects, not \(value.typeName)")
                }
            }
            return result
        }
    }

    /// The ids of the steps that the template reads.
    public var steps: Set<String> {
        switch self {
        case .literal: []
        case .expression(let expression): expression.steps
        case .text(let parts), .array(let parts), .merged(let parts):
            parts.reduce(into: []) { $0.formUnion($1.steps) }
        case .object(let members): members.values.reduce(into: []) { $0.formUnion($1.steps) }
        }
    }

    private func notText(_ value: Value) -> EvaluationError {
        let fix = value.isNull ? "use default(…, '') where it may be missing" : "use json(…) or join(…, ',')"
        guard case .expression(let expression) = self else { return .invalid("a \(value.typeName) in a text: \(fix)") }
        let place = if case .located(let location, _) = expression { "\(location): " } else { "" }
        return .invalid("\(place)'\(expression)' is \(value.typeName) within a text: \(fix)")
    }
}
