/// Turns YAML nodes into templates, and collects the paths that their expressions read.
struct TemplateReader {
    private(set) var references: [ExpressionReference] = []
    private(set) var errors: [DefinitionError] = []

    mutating func template(_ node: YAMLNode) -> Template {
        switch node.content {
        case .scalar(.string): return text(node)
        case .scalar(let value): return .literal(value)
        case .sequence(let nodes):
            let elements = nodes.map { template($0) }
            return Template.array(elements).collapsed
        case .mapping(let entries):
            var members: [String: Template] = [:]
            for entry in entries {
                if Self.opensExpression(in: entry.key) {
                    errors.append(
                        DefinitionError(
                            .badExpression, at: entry.keyLocation, "expressions are not evaluated in keys",
                            fix: "build the object with from_json(…) or merge(…), or write the key out"))
                }
                members[entry.key] = template(entry.value)
            }
            return Template.object(members).collapsed
        }
    }

    /// An expression that may stand alone (`inputs.size > 3`) or in `${{ }}`.
    mutating func expression(_ node: YAMLNode) -> Expression? {
        switch node.content {
        case .scalar(.bool(let value)): return .literal(.bool(value))
        case .scalar(.string(let text)):
            if Self.opensExpression(in: text) {
                let known = errors.count
                switch self.text(node) {
                case .expression(let expression): return expression
                default:
                    guard errors.count == known else { return nil }
                    errors.append(
                        DefinitionError(
                            .badExpression, at: node.location, "a condition must be one expression",
                            fix: "write all of it within one ${{ }}, or without"))
                    return nil
                }
            }
            let place = node.location
            let result = ExpressionParser.parse(Array(text.unicodeScalars), closed: false) { offset in
                // Quotes and block styles shift the text by what is not known here; plain text is the rule.
                SourceLocation(file: place.file, line: place.line, column: place.column + offset)
            }
            references += result.references
            errors += result.errors
            return result.expression
        default:
            errors.append(
                DefinitionError(
                    .wrongType, at: node.location, "a condition must be an expression, not \(node.typeName)",
                    fix: "write something like ${{ inputs.size > 3 }}"))
            return nil
        }
    }

    /// Not by characters: with an accent after it, a bracket is another character.
    private static func opensExpression(in text: String) -> Bool { text.utf8.contains("${{".utf8) }

    /// A string: `${{ }}` alone keeps the type of its value, `$${{` stands for the text `${{`.
    private mutating func text(_ node: YAMLNode) -> Template {
        guard let string = node.string, Self.opensExpression(in: string) else { return .literal(node.value) }
        let scalars = Array(string.unicodeScalars)
        var parts: [Template] = []
        var literal = String.UnicodeScalarView()
        var position = 0
        var mark = 0
        func opens(at index: Int) -> Bool {
            index + 2 < scalars.count && scalars[index] == "$" && scalars[index + 1] == "{" && scalars[index + 2] == "{"
        }
        while position < scalars.count {
            if scalars[position] == "$", opens(at: position + 1) {
                literal.append(contentsOf: scalars[(position + 1)...(position + 3)])
                position += 4
                mark += 1
            } else if opens(at: position) {
                let start = position + 3
                let place = node.expressionMarks.indices.contains(mark) ? node.expressionMarks[mark] : nil
                let result = ExpressionParser.parse(scalars, from: start, closed: true) { offset in
                    guard let place, place.exact else { return place?.location ?? node.location }
                    var location = place.location
                    location.column += 3 + offset - start
                    return location
                }
                references += result.references
                errors += result.errors
                if !literal.isEmpty { parts.append(.literal(.string(String(literal)))) }
                literal = String.UnicodeScalarView()
                parts.append(result.expression.map { .expression($0) } ?? .literal(.null))
                let end = result.end ?? scalars.count
                mark += (position..<end).count { opens(at: $0) }
                position = end
            } else {
                literal.append(scalars[position])
                position += 1
            }
        }
        if !literal.isEmpty { parts.append(.literal(.string(String(literal)))) }
        if parts.count == 1, let part = parts.first { return part }
        return .text(parts)
    }
}

extension Template {
    /// The value of a template without expressions; nil where it has any.
    package var literalValue: Value? { if case .literal(let value) = self { value } else { nil } }

    /// The same as one literal where nothing in it has to be evaluated.
    var collapsed: Template {
        switch self {
        case .object(let members):
            let values = members.compactMapValues(\.literalValue)
            return values.count == members.count ? .literal(.object(values)) : self
        case .array(let elements):
            let values = elements.compactMap(\.literalValue)
            return values.count == elements.count ? .literal(.array(values)) : self
        default: return self
        }
    }

    /// Reads a text with `${{ }}` in it.
    ///
    /// - Parameter file: What messages name as the place.
    public init(parsing text: String, file: String = "template") throws(DefinitionErrors) {
        let node = YAMLNode(
            content: .scalar(.string(text)), location: SourceLocation(file: file, line: 1, column: 1))
        var reader = TemplateReader()
        let template = reader.template(node)
        guard reader.errors.isEmpty else { throw DefinitionErrors(reader.errors) }
        self = template
    }
}
