extension Schema {
    /// All the ways in which a value is not what the schema asks for; empty where it is.
    ///
    /// - Parameter path: What messages call the value.
    public func check(_ value: Value, at path: String) -> [SchemaFault] {
        var check = SchemaCheck(name: path, unrendered: false)
        check.check(value, self)
        return check.faults
    }

    /// The same for a value as it stands in a file: strings with `${{` in them may become anything, and a template or
    /// a text is still the path of its file.
    func check(unrendered value: Value, at path: String) -> [SchemaFault] {
        var check = SchemaCheck(name: path, unrendered: true)
        check.check(value, self)
        return check.faults
    }

    /// What the schema asks for, in a few words.
    package var wanted: String {
        switch shape {
        case .any: "any value"
        case .boolean: "true or false"
        case .integer(let range):
            switch range {
            case nil: "a whole number"
            case let range? where range.upperBound == .max: "a whole number, \(range.lowerBound) or more"
            case let range? where range.lowerBound == .min: "a whole number, \(range.upperBound) or less"
            case let range?: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            }
        case .number(let range):
            range.map { "a number from \(Value.text(of: $0.lowerBound)) to \(Value.text(of: $0.upperBound))" }
                ?? "a number"
        case .string(_, .duration?, _): "a duration such as 90s or 1h30m"
        case .string: "a string"
        case .array: "a list"
        case .object, .map: "an object"
        case .oneOf(let options): options.map(\.wanted).joined(separator: ", or ")
        case .template: "an object, or the path of a .yaml file"
        case .text: "the path of a text file"
        }
    }
}

/// One walk over a value along its schema.
private struct SchemaCheck {
    let name: String
    let unrendered: Bool
    var faults: [SchemaFault] = []
    private var segments: [SchemaFault.Segment] = []

    init(name: String, unrendered: Bool) {
        self.name = name
        self.unrendered = unrendered
    }

    private mutating func report(_ code: DefinitionError.Code, _ message: String, fix remedy: String) {
        let path = segments.reduce(into: name) { path, segment in
            switch segment {
            case .key(let key): path += path.isEmpty ? key : ".\(key)"
            case .index(let index): path += "[\(index)]"
            }
        }
        faults.append(SchemaFault(code: code, path: path, message: message, remedy: remedy, segments: segments))
    }

    private mutating func within(_ segment: SchemaFault.Segment, _ value: Value, _ schema: Schema) {
        segments.append(segment)
        check(value, schema)
        segments.removeLast()
    }

    mutating func check(_ value: Value, _ schema: Schema) {
        if unrendered, case .string(let text) = value, text.contains("${{") {
            return checkUnrendered(text, schema)
        }
        switch (schema.shape, value) {
        case (.any, _), (.boolean, .bool), (.number(nil), .integer), (.number(nil), .number): return
        case (.integer(let range), .integer(let number)):
            if let range, !range.contains(number) { reportRange(schema) }
        case (.number(let range?), .integer), (.number(let range?), .number):
            if let number = value.asNumber, !range.contains(number) { reportRange(schema) }
        case (.string(_, .duration?, _), .integer(let seconds)):
            if Duration(text: String(seconds)) == nil { reportRange(schema) }
        case (.string(let pattern, let format, let options), .string(let text)):
            check(text, pattern: pattern, format: format, options: options)
        case (.array(let element), .array(let elements)):
            for (index, value) in elements.enumerated() { within(.index(index), value, element) }
        case (.object(let fields), .object(let members)): check(members, fields)
        case (.map(let element), .object(let members)):
            for (key, value) in members.sorted(by: { $0.key < $1.key }) { within(.key(key), value, element) }
        case (.oneOf(let options), _): check(value, options, schema)
        case (.template, .object), (.text, .string): return
        case (.template, .string(let path)) where unrendered:
            if !path.isTemplatePath { reportType(value, schema) }
        case (.template, .array(let layers)) where unrendered:
            for (index, layer) in layers.enumerated() { within(.index(index), layer, schema) }
        default: reportType(value, schema)
        }
    }

    private mutating func reportRange(_ schema: Schema) {
        report(.invalidValue, "is out of range", fix: "write \(schema.wanted)")
    }

    private mutating func reportType(_ value: Value, _ schema: Schema) {
        var remedy = "write \(schema.wanted)"
        if case .string(_, let format, _) = schema.shape, format != .duration {
            switch value {
            case .integer, .number, .bool: remedy = "put it into quotes"
            default: break
            }
        }
        report(.wrongType, "must be \(schema.wanted), not \(value.typeName)", fix: remedy)
    }

    /// Text around an expression is a string, whatever the expression gives; an expression alone may give anything.
    private mutating func checkUnrendered(_ text: String, _ schema: Schema) {
        if (try? Template(parsing: text)).map({ if case .text = $0 { true } else { false } }) ?? false,
            !schema.admitsText
        {
            report(
                .wrongType, "must be \(schema.wanted), not text",
                fix: "write one ${{ }} alone, without text around it")
        }
    }

    private mutating func check(_ text: String, pattern: String?, format: Schema.Format?, options: [String]?) {
        if let options, !options.contains(text) {
            let remedy = Spelling.remedy(for: text, among: options, none: "leave it out")
            report(.invalidValue, "is none of \(options.joined(separator: ", "))", fix: remedy)
        }
        if let pattern, !Schema.matches(text, pattern: pattern) {
            report(.invalidValue, "does not match \(pattern)", fix: "write text that the pattern matches as a whole")
        }
        if let format, !format.accepts(text) {
            report(.invalidValue, "is not \(format.wanted)", fix: "write something like \(format.example)")
        }
    }

    private mutating func check(_ members: [String: Value], _ fields: [Parameter]) {
        let names = Set(fields.map(\.name))
        for (key, _) in members.sorted(by: { $0.key < $1.key }) where !names.contains(key) {
            segments.append(.key(key))
            report(
                .unknownKey, "is not known here",
                fix: Spelling.remedy(for: key, among: names, none: "remove it; nothing is expected here"))
            segments.removeLast()
        }
        for field in fields {
            let value = members[field.name] ?? .null
            if !value.isNull {
                within(.key(field.name), value, field.schema)
            } else if field.required && field.default == nil {
                segments.append(.key(field.name))
                report(.missingKey, "is missing", fix: "add '\(field.name)': \(field.schema.wanted)")
                segments.removeLast()
            }
        }
    }

    /// Where the value is of one option's type, what is wrong with it there; otherwise what the options are.
    private mutating func check(_ value: Value, _ options: [Schema], _ schema: Schema) {
        var nearest: [[SchemaFault]] = []
        for option in options {
            var attempt = self
            attempt.faults = []
            attempt.check(value, option)
            if attempt.faults.isEmpty { return }
            let isOfType = !attempt.faults.contains { $0.code == .wrongType && $0.segments == segments }
            if isOfType { nearest.append(attempt.faults) }
        }
        if nearest.count == 1 { faults += nearest[0] } else { reportType(value, schema) }
    }
}

extension Schema {
    /// Whether a string can be right.
    var admitsText: Bool {
        switch shape {
        case .any, .string, .text, .template: true
        case .oneOf(let options): options.contains(where: \.admitsText)
        case .boolean, .integer, .number, .array, .object, .map: false
        }
    }
}

extension String {
    /// Whether this is the path of a template file, rather than a text.
    var isTemplatePath: Bool { hasSuffix(".yaml") || hasSuffix(".yml") }
}
