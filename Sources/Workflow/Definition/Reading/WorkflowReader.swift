/// Reads one workflow file: its own keys, then its steps, then how they hang together.
struct WorkflowReader {
    static let keys = [
        "workflow", "version", "description", "inputs", "secrets", "concurrency", "defaults", "on_failure", "steps",
        "outputs",
    ]
    static let name = Schema.string(pattern: "[A-Za-z][A-Za-z0-9_.-]{0,62}")
    let path: String
    let session: LoadingSession

    /// The workflow; nil where the file is no workflow at all. Faults are reported to the session.
    ///
    /// - Parameter location: Where the file is named.
    func read(namedAt location: SourceLocation) -> (definition: WorkflowDefinition, children: [String: Workflow])? {
        guard let documents = session.documents(path, namedAt: location) else { return nil }
        guard let root = documents.first, !root.isNull else {
            if documents.isEmpty && session.diagnostics.errors.contains(where: { $0.location?.file == path }) {
                return nil
            }
            session.diagnostics.report(
                .missingKey, at: SourceLocation(file: path, line: 1, column: 1), "the file holds no workflow",
                fix: "begin with workflow: NAME")
            return nil
        }
        if documents.count > 1 {
            session.diagnostics.report(
                .syntax, at: documents[1].location, "a workflow file must hold one document, and this is the second",
                fix: "put it into a file of its own")
        }
        guard let fields = FieldReader(root, "the workflow", keys: Self.keys, session: session) else { return nil }
        return read(fields)
    }

    private func read(_ fields: FieldReader) -> (definition: WorkflowDefinition, children: [String: Workflow]) {
        let inputReader = InputReader(session: session)
        let name = fields.required("workflow", wanted: "its name").flatMap { _ in
            fields.value("workflow", Self.name)?.stringValue
        }
        var definition = WorkflowDefinition(name: name ?? "", steps: [])
        definition.version = fields.integer("version", 1...1_000_000_000) ?? 1
        definition.description = fields.string("description")
        definition.inputs = inputReader.inputs(fields.node("inputs"))
        definition.secrets = inputReader.secrets(fields.node("secrets"))
        definition.onFailure = fields.option("on_failure", WorkflowDefinition.OnFailure.self) ?? .stop

        let outlines = outlines(fields)
        let checker = ReferenceChecker(
            inputs: definition.inputs, secrets: definition.secrets,
            steps: Dictionary(outlines.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }), session: session)
        definition.concurrency = concurrency(fields, checker)
        var reader = StepReader(path: path, session: session, checker: checker, outlines: outlines)
        reader.readDefaults(fields.node("defaults"))
        definition.steps = outlines.map { reader.read($0) }
        reader.reportCycles()
        definition.outputs = outputs(
            fields.node("outputs"), "the workflow", checker,
            ReferenceChecker.Place(secretsRefused: .init(reason: "outputs are recorded with the run")))
        let children = outlines.compactMap { outline in
            outline.childPath.flatMap { path in outline.child.map { (path, $0) } }
        }
        return (definition, Dictionary(children, uniquingKeysWith: { first, _ in first }))
    }

    private func outlines(_ fields: FieldReader) -> [StepOutline] {
        guard let node = fields.required("steps", wanted: "the steps, by their ids") else { return [] }
        guard let entries = node.mapping else {
            session.diagnostics.report(
                .wrongType, at: node.location, "'steps' must be an object, not \(node.typeName)",
                fix: "write each step under its id: ID: { uses: … }")
            return []
        }
        if entries.isEmpty {
            session.diagnostics.report(
                .invalidValue, at: node.location, "the workflow has no step", fix: "add one under 'steps'")
        }
        return entries.enumerated().compactMap { index, entry in
            if !ExpressionLexer.isName(entry.key) || entry.key.utf8.count > 63 {
                session.diagnostics.report(
                    .invalidValue, at: entry.keyLocation, "'\(entry.key.prefix(80))' cannot be the id of a step",
                    fix: "begin with a letter, then letters, digits, '_' and '-', 63 at most")
            }
            return outline(entry)
        }.enumerated().map { index, outline in outline(index) }
    }

    /// The outline of a step, once it is known which place it has among those that could be read.
    private func outline(_ entry: YAMLEntry) -> ((Int) -> StepOutline)? {
        let what = "step '\(entry.key)'"
        guard let fields = FieldReader(entry.value, what, keys: StepOutline.keys, session: session) else { return nil }
        let uses = fields.required("uses", wanted: "the kind of step").flatMap { _ in fields.string("uses") }
        let kind = uses.flatMap { session.catalog[$0] }
        if let uses, kind == nil, let node = fields.node("uses") {
            session.diagnostics.report(
                .unknownStepKind, at: node.location, "there is no step kind '\(uses)'",
                fix: Spelling.remedy(for: uses, among: session.catalog.all.map(\.name), none: "install one"))
        }
        let (childPath, child) = uses == "workflow" ? self.child(fields) : (nil, nil)
        return { index in
            StepOutline(
                id: entry.key, index: index, location: entry.keyLocation, fields: fields, uses: uses ?? "", kind: kind,
                childPath: childPath, child: child)
        }
    }

    /// The workflow that a step starts.
    private func child(_ fields: FieldReader) -> (String?, Workflow?) {
        guard let node = fields.node("with")?.entry("workflow")?.value, let text = node.string else {
            return (nil, nil)
        }
        guard !text.contains("${{") else {
            session.diagnostics.report(
                .badPath, at: node.location, "the path of a workflow must not hold an expression",
                fix: "write the path out, or choose between two steps with 'when'")
            return (nil, nil)
        }
        guard let file = ParameterReader(path: path, session: session).resolve(text, at: node.location) else {
            return (nil, nil)
        }
        return (file, session.workflow(file, namedAt: node.location))
    }

    private func concurrency(_ fields: FieldReader, _ checker: ReferenceChecker) -> ConcurrencyRule? {
        guard let node = fields.node("concurrency"),
            let fields = FieldReader(node, "'concurrency'", keys: ["group", "on_conflict"], session: session),
            let group = fields.required("group", wanted: "a name that runs share")
        else { return nil }
        var reader = TemplateReader()
        let template = reader.template(group)
        session.diagnostics.report(reader.errors)
        let refusal = ReferenceChecker.Refusal(reason: "the group is recorded with the run", remedy: "use an input")
        checker.check(reader.references, ReferenceChecker.Place(hasSteps: false, secretsRefused: refusal))
        if group.string == nil {
            session.diagnostics.report(
                .wrongType, at: group.location, "'group' of 'concurrency' must be a string, not \(group.typeName)",
                fix: "write something like \"tenant/${{ inputs.name }}\"")
        }
        return ConcurrencyRule(
            group: template, onConflict: fields.option("on_conflict", ConcurrencyRule.OnConflict.self) ?? .queue)
    }

    private func outputs(
        _ node: YAMLNode?, _ what: String, _ checker: ReferenceChecker, _ place: ReferenceChecker.Place
    ) -> [String: Template] {
        guard let node else { return [:] }
        guard let entries = node.mapping else {
            session.diagnostics.report(
                .wrongType, at: node.location, "'outputs' of \(what) must be an object, not \(node.typeName)",
                fix: "write name: \"${{ … }}\"")
            return [:]
        }
        var outputs: [String: Template] = [:]
        for entry in entries {
            var reader = TemplateReader()
            outputs[entry.key] = reader.template(entry.value)
            session.diagnostics.report(reader.errors)
            checker.check(reader.references, place)
        }
        return outputs
    }
}
