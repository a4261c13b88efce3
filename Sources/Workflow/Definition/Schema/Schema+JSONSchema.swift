extension Schema {
    /// The schema as JSON Schema (draft 7).
    ///
    /// - Parameter expressions: Whether a string with `${{` in it will do in place of every value, as in a workflow file.
    public func jsonSchema(expressions: Bool = false) -> Value {
        var result: [String: Value]
        switch shape {
        case .any: result = [:]
        case .boolean: result = ["type": "boolean"]
        case .integer(let range):
            result = ["type": "integer"]
            if let range, range.lowerBound != .min { result["minimum"] = .integer(range.lowerBound) }
            if let range, range.upperBound != .max { result["maximum"] = .integer(range.upperBound) }
        case .number(let range):
            result = ["type": "number"]
            if let range, range.lowerBound.isFinite { result["minimum"] = .number(range.lowerBound) }
            if let range, range.upperBound.isFinite { result["maximum"] = .number(range.upperBound) }
        case .string(_, .duration?, _):
            result = ["type": ["string", "integer"], "examples": ["90s", "10m", "1h30m"]]
        case .string(let pattern, let format, let options):
            result = ["type": "string"]
            if let pattern { result["pattern"] = .string("^(?:\(pattern))$") }
            if let options { result["enum"] = .array(options.map { .string($0) }) }
            if let format, format != .path { result["format"] = .string(format.rawValue) }
        case .array(let element):
            result = ["type": "array", "items": element.jsonSchema(expressions: expressions)]
        case .object(let fields):
            result = fields.jsonSchema(expressions: expressions)
        case .map(let element):
            result = ["type": "object", "additionalProperties": element.jsonSchema(expressions: expressions)]
        case .oneOf(let options):
            result = ["anyOf": .array(options.map { $0.jsonSchema(expressions: expressions) })]
        case .template:
            let path: Value = ["type": "string", "pattern": "\\.ya?ml$|\\$\\{\\{"]
            let object: Value = ["type": "object"]
            result = [
                "anyOf": [object, path, ["type": "array", "items": ["anyOf": [object, path]]]]
            ]
        case .text: result = ["type": "string"]
        }
        if expressions, !admitsAnyText { result = ["anyOf": [.object(result), Self.expression]] }
        if let description { result["description"] = .string(description) }
        return .object(result)
    }

    /// A string with an expression in it.
    static let expression: Value = ["type": "string", "pattern": "\\$\\{\\{"]

    private var admitsAnyText: Bool {
        switch shape {
        case .any, .text, .template: true
        case .string(let pattern, let format, let options):
            pattern == nil && options == nil && (format == nil || format == .duration || format == .path)
        default: false
        }
    }
}

extension [Parameter] {
    /// An object with these keys and no others.
    func jsonSchema(expressions: Bool) -> [String: Value] {
        var properties: [String: Value] = [:]
        for parameter in self {
            guard case .object(var property) = parameter.schema.jsonSchema(expressions: expressions) else { continue }
            if !parameter.description.isEmpty { property["description"] = .string(parameter.description) }
            if let value = parameter.default, !value.isNull { property["default"] = value }
            properties[parameter.name] = .object(property)
        }
        var result: [String: Value] = [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
        ]
        let required = filter { $0.required && $0.default == nil }.map { Value.string($0.name) }
        if !required.isEmpty { result["required"] = .array(required) }
        return result
    }
}
