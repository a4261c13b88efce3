/// Reads the `with` of a step along the parameters of its kind, and the files that it names.
struct ParameterReader {
    /// The file that `with` stands in: paths are relative to it.
    let path: String
    let session: LoadingSession
    private(set) var references: [ExpressionReference] = []
    /// Those in parameters that others can read.
    private(set) var exposedReferences: [ExpressionReference] = []

    init(path: String, session: LoadingSession) {
        self.path = path
        self.session = session
    }

    /// - Parameters:
    ///   - node: The value of `with`; nil where the step has none.
    ///   - kind: Nil where it is unknown: nothing is checked then.
    ///   - location: The step's place, for what is missing.
    mutating func read(
        _ node: YAMLNode?, of step: String, _ kind: (any StepKind)?, at location: SourceLocation
    ) -> [String: Template] {
        guard let entries = node?.mapping ?? (node == nil ? [] : nil) else {
            if let node {
                session.diagnostics.report(
                    .wrongType, at: node.location, "'with' of step '\(step)' must be an object, not \(node.typeName)",
                    fix: "write the parameters as keys under 'with'")
            }
            return [:]
        }
        var templates: [String: Template] = [:]
        for entry in entries {
            guard let kind else {
                templates[entry.key] = template(entry.value, .any)
                continue
            }
            guard let parameter = kind.parameters.first(where: { $0.name == entry.key }) else {
                let names = kind.parameters.map(\.name)
                session.diagnostics.report(
                    .unknownParameter, at: entry.keyLocation, "'\(kind.name)' has no parameter '\(entry.key)'",
                    fix: Spelling.remedy(for: entry.key, among: names, none: "remove it; it takes none"))
                templates[entry.key] = template(entry.value, .any)
                continue
            }
            if !entry.value.isNull {
                let faults = parameter.schema.check(unrendered: entry.value.value, at: parameter.name)
                session.report(faults, of: entry.value)
            }
            let known = references.count
            templates[entry.key] = template(entry.value, parameter.schema)
            if parameter.exposed {
                exposedReferences += references[known...]
                references.removeSubrange(known...)
            }
        }
        for parameter in kind?.parameters ?? [] where parameter.required && parameter.default == nil {
            let entry = entries.first { $0.key == parameter.name }
            guard entry?.value.isNull ?? true else { continue }
            session.diagnostics.report(
                .missingParameter, at: entry?.keyLocation ?? location,
                "step '\(step)' lacks the parameter '\(parameter.name)' of '\(kind?.name ?? "")'",
                fix: "add '\(parameter.name)' under 'with': \(parameter.schema.wanted)")
        }
        return templates
    }

    /// A node as a template, with the files in it that its schema calls for.
    mutating func template(_ node: YAMLNode, _ schema: Schema) -> Template {
        switch (schema.shape, node.content) {
        case (.template, .scalar(.string(let text))) where text.isTemplatePath:
            return files(node, text).first ?? .literal([:])
        case (.template, .sequence(let layers)): return .merged(layers.map { template($0, schema) })
        case (.text, .scalar(.string(let text))) where !text.contains("${{"):
            guard let file = resolve(text, at: node.location) else { return .literal(.null) }
            return .literal(.string(session.text(file, namedAt: node.location) ?? ""))
        case (.array(let element), .sequence(let nodes)):
            var elements: [Template] = []
            for node in nodes {
                if case .template = element.shape, let text = node.string, text.isTemplatePath {
                    elements += files(node, text, severalAllowed: true)
                } else {
                    elements.append(template(node, element))
                }
            }
            return Template.array(elements).collapsed
        case (.object(let fields), .mapping(let entries)):
            return members(entries) { key in fields.first { $0.name == key }?.schema ?? .any }
        case (.map(let element), .mapping(let entries)): return members(entries) { _ in element }
        case (.oneOf(let options), _):
            return template(node, options.first { $0.check(unrendered: node.value, at: "").isEmpty } ?? .any)
        default: return plain(node)
        }
    }

    private mutating func members(_ entries: [YAMLEntry], _ schema: (String) -> Schema) -> Template {
        var members: [String: Template] = [:]
        for entry in entries { members[entry.key] = template(entry.value, schema(entry.key)) }
        return Template.object(members).collapsed
    }

    private mutating func plain(_ node: YAMLNode) -> Template {
        var reader = TemplateReader()
        let template = reader.template(node)
        references += reader.references
        session.diagnostics.report(reader.errors)
        return template
    }

    /// The templates in a file, one a document.
    private mutating func files(_ node: YAMLNode, _ text: String, severalAllowed: Bool = false) -> [Template] {
        guard !text.contains("${{") else {
            session.diagnostics.report(
                .badPath, at: node.location, "the path of a template must not hold an expression",
                fix: "write the path out, or choose between two steps with 'when'")
            return []
        }
        guard let file = resolve(text, at: node.location),
            let documents = session.documents(file, namedAt: node.location)
        else { return [] }
        let filled = documents.filter { !$0.isNull }
        if filled.count > 1, !severalAllowed {
            session.diagnostics.report(
                .wrongType, at: filled[1].location, "a template must be one document, and this is the second",
                fix: "put it into a file of its own")
        }
        return filled.map { document in
            if document.mapping == nil {
                session.diagnostics.report(
                    .wrongType, at: document.location, "a template must be an object, not \(document.typeName)",
                    fix: "write keys and values")
            }
            return plain(document)
        }
    }

    /// The path of a file as seen from the root; nil where it cannot be used, which is reported.
    func resolve(_ text: String, at location: SourceLocation) -> String? {
        if let file = RelativePath.resolve(text, from: path) { return file }
        session.diagnostics.report(
            .badPath, at: location, "the path '\(text.prefix(200))' leads out of the workflow's folder",
            fix: "copy the file to the folder of the main workflow or below, and write a relative path")
        return nil
    }
}
