/// Reads the inputs and secrets that a workflow declares.
struct InputReader {
    static let schemaKeys = [
        "type", "description", "default", "required", "secret", "items", "properties", "pattern", "format", "enum",
        "minimum", "maximum",
    ]
    static let types = ["string", "integer", "number", "boolean", "array", "object", "map", "any"]

    let session: LoadingSession

    func inputs(_ node: YAMLNode?) -> [InputDefinition] {
        guard let node else { return [] }
        return parameters(node, "inputs", "input").map {
            InputDefinition(
                $0.name, $0.schema, default: $0.default, secret: $0.secret,
                description: $0.description.isEmpty ? nil : $0.description)
        }
    }

    /// A list of names, or a mapping from names to `{description, required}`.
    func secrets(_ node: YAMLNode?) -> [SecretDefinition] {
        guard let node else { return [] }
        var secrets: [SecretDefinition] = []
        switch node.content {
        case .sequence(let names):
            for element in names {
                guard let name = element.string, isName(name, "secret", at: element.location) else {
                    if element.string == nil { reportSecrets(element) }
                    continue
                }
                if secrets.contains(where: { $0.name == name }) {
                    session.diagnostics.report(
                        .duplicateKey, at: element.location, "the secret '\(name)' stands here twice",
                        fix: "remove one of the two")
                } else {
                    secrets.append(SecretDefinition(name))
                }
            }
        case .mapping(let entries):
            for entry in entries where isName(entry.key, "secret", at: entry.keyLocation) {
                var secret = SecretDefinition(entry.key)
                if !entry.value.isNull,
                    let fields = FieldReader(
                        entry.value, "secret '\(entry.key)'", keys: ["description", "required"], session: session)
                {
                    secret.description = fields.string("description")
                    secret.required = fields.flag("required") ?? true
                }
                secrets.append(secret)
            }
        case .scalar: reportSecrets(node)
        }
        return secrets
    }

    private func reportSecrets(_ node: YAMLNode) {
        session.diagnostics.report(
            .wrongType, at: node.location, "'secrets' must be a list of names, or an object with names as keys",
            fix: "write secrets: [name, …]")
    }

    private func isName(_ name: String, _ what: String, at location: SourceLocation) -> Bool {
        if ExpressionLexer.isName(name), name.utf8.count <= 63 { return true }
        session.diagnostics.report(
            .invalidValue, at: location,
            "'\(name.prefix(80))' cannot be the name of \(what == "input" ? "an" : "a") \(what)",
            fix: "begin with a letter, then letters, digits, '_' and '-', 63 at most")
        return false
    }

    private func parameters(_ node: YAMLNode, _ what: String, _ each: String) -> [Parameter] {
        guard let entries = node.mapping else {
            session.diagnostics.report(
                .wrongType, at: node.location, "'\(what)' must be an object, not \(node.typeName)",
                fix: "write name: { type: string }")
            return []
        }
        return entries.compactMap { entry in
            guard each == "property" || isName(entry.key, each, at: entry.keyLocation) else { return nil }
            return parameter(entry, "\(each) '\(entry.key)'")
        }
    }

    private func parameter(_ entry: YAMLEntry, _ what: String) -> Parameter? {
        guard let (schema, fields) = schema(entry.value, what) else { return nil }
        var parameter = Parameter(entry.key, schema, required: true, fields?.string("description") ?? "")
        guard let fields else { return parameter }
        parameter.secret = fields.flag("secret") ?? false
        let isRequired = fields.flag("required")
        if let node = fields.node("default") {
            if isRequired == true {
                fields.refuse("required", "has no effect beside a default", fix: "remove 'required' or 'default'")
            }
            if let place = node.firstExpression {
                session.diagnostics.report(
                    .badExpression, at: place, "expressions are not evaluated in defaults",
                    fix: "leave the default out, and write default(inputs.\(entry.key), …) where it is used")
            }
            parameter.required = false
            parameter.default = fields.value("default", schema).map { schema.applyDefaults(to: $0) }
        } else if isRequired == false || fields.keyLocation("default") != nil {
            parameter.required = false
            parameter.default = .null
        }
        return parameter
    }

    /// The schema that a node describes: a type's name, or an object with `type` and more.
    private func schema(_ node: YAMLNode, _ what: String) -> (Schema, FieldReader?)? {
        if let name = node.string {
            return shape(name, at: node, nil, what).map { (Schema($0), nil) }
        }
        guard let fields = FieldReader(node, what, keys: Self.schemaKeys, session: session) else { return nil }
        guard let type = fields.required("type", wanted: Self.types.joined(separator: ", ")) else { return nil }
        guard let name = type.string else {
            session.diagnostics.report(
                .wrongType, at: type.location, "'type' of \(what) must be a string, not \(type.typeName)",
                fix: "use one of \(Self.types.joined(separator: ", "))")
            return nil
        }
        return shape(name, at: type, fields, what).map {
            (Schema($0, description: fields.string("description")), fields)
        }
    }

    private func shape(_ type: String, at node: YAMLNode, _ fields: FieldReader?, _ what: String) -> Schema.Shape? {
        for (key, types) in [
            ("items", ["array", "map"]), ("properties", ["object"]), ("pattern", ["string"]), ("format", ["string"]),
            ("enum", ["string"]), ("minimum", ["integer", "number"]), ("maximum", ["integer", "number"]),
        ] where !types.contains(type) && Self.types.contains(type) {
            fields?.refuse(
                key, "does not go with type \(type)",
                fix: "remove it, or write type: \(types.joined(separator: " or "))")
        }
        switch type {
        case "any": return .any
        case "boolean": return .boolean
        case "string": return .string(pattern: pattern(fields), format: format(fields), options: options(fields))
        case "integer":
            let low = fields?.value("minimum", .integer)?.integerValue
            let high = fields?.value("maximum", .integer)?.integerValue
            guard low != nil || high != nil else { return .integer(nil) }
            return .integer(range(low ?? .min, high ?? .max, fields))
        case "number":
            let low = fields?.value("minimum", .number)?.asNumber
            let high = fields?.value("maximum", .number)?.asNumber
            guard low != nil || high != nil else { return .number(nil) }
            return .number(range(low ?? -.infinity, high ?? .infinity, fields))
        case "array": return .array(items(fields, what))
        case "map": return .map(items(fields, what))
        case "object":
            guard let properties = fields?.node("properties") else { return .map(.any) }
            return .object(parameters(properties, "properties", "property"))
        default:
            session.diagnostics.report(
                .invalidValue, at: node.location, "there is no type '\(type)'",
                fix: Spelling.remedy(for: type, among: Self.types, none: ""))
            return nil
        }
    }

    private func items(_ fields: FieldReader?, _ what: String) -> Schema {
        fields?.node("items").flatMap { schema($0, "the items of \(what)") }?.0 ?? .any
    }

    private func range<T: Comparable>(_ low: T, _ high: T, _ fields: FieldReader?) -> ClosedRange<T>? {
        guard low <= high else {
            fields?.refuse("minimum", "is more than its maximum", code: .invalidValue, fix: "exchange the two")
            return nil
        }
        return low...high
    }

    private func pattern(_ fields: FieldReader?) -> String? {
        guard let fields, let node = fields.node("pattern"), let pattern = fields.string("pattern") else { return nil }
        guard Schema.compile(pattern: pattern) != nil else {
            session.diagnostics.report(
                .invalidValue, at: node.location, "'pattern' of \(fields.what) is no regular expression",
                fix: "check its brackets and backslashes; single quotes keep backslashes as they are")
            return nil
        }
        return pattern
    }

    private func format(_ fields: FieldReader?) -> Schema.Format? { fields?.option("format", Schema.Format.self) }

    private func options(_ fields: FieldReader?) -> [String]? {
        let options = fields?.value("enum", .array(.string))?.arrayValue?.compactMap(\.stringValue)
        guard options?.isEmpty == true else { return options }
        fields?.refuse("enum", "allows nothing", code: .invalidValue, fix: "list the values that are allowed")
        return nil
    }
}
