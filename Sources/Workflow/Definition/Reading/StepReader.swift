/// Reads the steps of a workflow in full, and finds the edges between them.
struct StepReader {
    private static let retryKeys = ["attempts", "initial", "factor", "max"]

    let path: String
    let session: LoadingSession
    let checker: ReferenceChecker
    let outlines: [StepOutline]
    private let ids: [String: Int]
    private var retry = RetryPolicy()
    private var timeout: Duration?
    private var totalTimeout: Duration?
    /// For each step the steps it needs, and where that is said first.
    private var edges: [[Int: SourceLocation]]

    init(path: String, session: LoadingSession, checker: ReferenceChecker, outlines: [StepOutline]) {
        self.path = path
        self.session = session
        self.checker = checker
        self.outlines = outlines
        self.ids = Dictionary(outlines.map { ($0.id, $0.index) }, uniquingKeysWith: { first, _ in first })
        self.edges = Array(repeating: [:], count: outlines.count)
    }

    /// What holds for every step that does not say otherwise.
    mutating func readDefaults(_ node: YAMLNode?) {
        guard let node,
            let fields = FieldReader(
                node, "'defaults'", keys: ["timeout", "total_timeout", "retry"], session: session)
        else { return }
        timeout = fields.duration("timeout")
        totalTimeout = fields.duration("total_timeout")
        retry = readRetry(fields)
    }

    mutating func read(_ outline: StepOutline) -> StepDefinition {
        let fields = outline.fields
        var step = StepDefinition(outline.id, uses: outline.uses, location: outline.location)
        step.description = fields.string("description")
        step.retry = readRetry(fields)
        step.timeout = fields.duration("timeout") ?? timeout
        step.totalTimeout = fields.duration("total_timeout") ?? totalTimeout
        step.revert = fields.option("revert", StepDefinition.Revert.self) ?? .auto
        step.maxParallel = fields.integer("max_parallel", 1...10_000)
        if !outline.isForEach {
            fields.refuse("max_parallel", "has no effect without 'for_each'", fix: "remove it, or add 'for_each'")
        }
        readNeeds(outline)
        step.forEach = readForEach(outline)
        step.when = fields.node("when").flatMap { node in
            var reader = TemplateReader()
            let condition = reader.expression(node)
            use(reader.references, reader.errors, of: outline, ReferenceChecker.Place(step: outline))
            return condition
        }
        step.with = readWith(outline)
        step.outputs = readOutputs(outline)
        step.needs = edges[outline.index].keys.sorted()
        return step
    }

    /// Reports every circle of steps that wait for each other.
    func reportCycles() {
        for cycle in StepOrder(needs: edges.map { Array($0.keys) }).cycles {
            let names = (cycle + [cycle[0]]).map { outlines[$0].id }
            let reasons = zip(cycle, cycle.dropFirst() + [cycle[0]]).map { step, needed in
                let line = edges[step][needed]?.line ?? outlines[step].location.line
                return "'\(outlines[step].id)' needs '\(outlines[needed].id)' (line \(line))"
            }
            session.diagnostics.report(
                .cycle, at: outlines[cycle[0]].location,
                cycle.count == 1
                    ? "step '\(names[0])' needs itself"
                    : "steps wait for each other: \(names.joined(separator: " → "))",
                fix: cycle.count == 1
                    ? "remove this need (line \(edges[cycle[0]][cycle[0]]?.line ?? outlines[cycle[0]].location.line))"
                    : "remove one of these: \(reasons.joined(separator: ", "))")
        }
    }

    private mutating func use(
        _ references: [ExpressionReference], _ errors: [DefinitionError], of outline: StepOutline,
        _ place: ReferenceChecker.Place
    ) {
        session.diagnostics.report(errors)
        checker.check(references, place)
        for reference in references where reference.root == "steps" {
            guard case .key(let id)? = reference.segments.first?.member, id != outline.id else { continue }
            need(id, of: outline, at: reference.location)
        }
    }

    private mutating func need(_ id: String, of outline: StepOutline, at location: SourceLocation) {
        guard let index = ids[id] else { return }
        if edges[outline.index][index] == nil { edges[outline.index][index] = location }
    }

    private mutating func readNeeds(_ outline: StepOutline) {
        guard let node = outline.fields.node("needs") else { return }
        guard let nodes = node.string.map({ _ in [node] }) ?? node.sequence else {
            session.diagnostics.report(
                .wrongType, at: node.location, "'needs' of step '\(outline.id)' must be a list, not \(node.typeName)",
                fix: "write needs: [ID, …]")
            return
        }
        for element in nodes {
            guard let id = element.string else {
                session.diagnostics.report(
                    .wrongType, at: element.location,
                    "'needs' of step '\(outline.id)' must list ids, not \(element.typeName)",
                    fix: "write needs: [ID, …]")
                continue
            }
            guard ids[id] != nil else {
                var remedy = "define '\(id)'"
                if let nearest = session.nearest(to: id, among: ids.keys, besides: outline.id),
                    let index = ids[nearest]
                {
                    remedy += ", or write '\(nearest)' (line \(outlines[index].location.line))"
                }
                session.diagnostics.report(
                    .unknownStep, at: element.location, "step '\(outline.id)' needs '\(id)', which is not defined",
                    fix: remedy)
                continue
            }
            need(id, of: outline, at: element.location)
        }
    }

    private mutating func readForEach(_ outline: StepOutline) -> Template? {
        guard let node = outline.fields.node("for_each") else {
            if let location = outline.fields.keyLocation("for_each") {
                session.diagnostics.report(
                    .wrongType, at: location, "'for_each' of step '\(outline.id)' is empty",
                    fix: "write a list, or one ${{ }} that gives a list")
            }
            return nil
        }
        var reader = TemplateReader()
        let template = reader.template(node)
        let place = ReferenceChecker.Place(
            step: outline, secretsRefused: .init(reason: "the items of a 'for_each' are recorded with the run"))
        use(reader.references, reader.errors, of: outline, place)
        switch template {
        case .expression, .array, .literal(.array): break
        case .literal, .text, .object, .merged:
            guard reader.errors.isEmpty else { break }
            session.diagnostics.report(
                .wrongType, at: node.location,
                "'for_each' of step '\(outline.id)' must be a list, not \(node.typeName)",
                fix: "write a list, or one ${{ }} that gives a list")
        }
        return template
    }

    private mutating func readWith(_ outline: StepOutline) -> [String: Template] {
        var reader = ParameterReader(path: path, session: session)
        var templates = reader.read(
            outline.fields.node("with"), of: outline.id, outline.kind, at: outline.location)
        let place = ReferenceChecker.Place(step: outline, hasItem: outline.isForEach)
        use(reader.references, [], of: outline, place)
        var exposed = place
        let better = outline.kind?.parameters.first { $0.secret }?.name
        exposed.secretsRefused = .init(
            reason: "others on the machine could read it",
            remedy: better.map { "pass it by '\($0)'" } ?? "use a step kind that takes secrets")
        use(reader.exposedReferences, [], of: outline, exposed)
        if let path = outline.childPath {
            templates["workflow"] = .literal(.string(path))
            if let child = outline.child { checkPassed(outline, child.definition) }
        }
        return templates
    }

    /// Checks what a step passes to the workflow it starts.
    private func checkPassed(_ outline: StepOutline, _ child: WorkflowDefinition) {
        let with = outline.fields.node("with")
        let inputs = with?.entry("inputs")?.value
        if inputs == nil || inputs?.isNull == true || inputs?.mapping != nil {
            for entry in inputs?.mapping ?? [] {
                guard let input = child.inputs.first(where: { $0.name == entry.key }) else {
                    session.diagnostics.report(
                        .unknownInput, at: entry.keyLocation, "workflow '\(child.name)' has no input '\(entry.key)'",
                        fix: session.remedy(for: entry.key, among: child.inputs.map(\.name), none: "it takes none"))
                    continue
                }
                guard !entry.value.isNull else { continue }
                session.report(input.schema.check(unrendered: entry.value.value, at: input.name), of: entry.value)
            }
            for input in child.inputs where input.default == nil && inputs?.entry(input.name)?.value.isNull ?? true {
                session.diagnostics.report(
                    .missingInput, at: with?.entry("inputs")?.keyLocation ?? outline.location,
                    "step '\(outline.id)' lacks the input '\(input.name)' of workflow '\(child.name)'",
                    fix: "add '\(input.name)' under 'inputs': \(input.schema.wanted)")
            }
        }
        let secrets = with?.entry("secrets")?.value
        for entry in secrets?.mapping ?? [] where !child.secrets.contains(where: { $0.name == entry.key }) {
            session.diagnostics.report(
                .unknownSecret, at: entry.keyLocation, "workflow '\(child.name)' has no secret '\(entry.key)'",
                fix: session.remedy(for: entry.key, among: child.secrets.map(\.name), none: "it takes none"))
        }
        guard secrets == nil || secrets?.mapping != nil else { return }
        for secret in child.secrets where secret.required && secrets?.entry(secret.name) == nil {
            session.diagnostics.report(
                .missingSecret, at: with?.entry("secrets")?.keyLocation ?? outline.location,
                "step '\(outline.id)' lacks the secret '\(secret.name)' of workflow '\(child.name)'",
                fix: "add '\(secret.name)' under 'secrets', such as \"${{ secrets.\(secret.name) }}\"")
        }
    }

    private mutating func readOutputs(_ outline: StepOutline) -> [String: Template] {
        guard let node = outline.fields.node("outputs") else { return [:] }
        guard let entries = node.mapping else {
            session.diagnostics.report(
                .wrongType, at: node.location,
                "'outputs' of step '\(outline.id)' must be an object, not \(node.typeName)",
                fix: "write name: \"${{ output.… }}\"")
            return [:]
        }
        let place = ReferenceChecker.Place(
            step: outline, hasItem: outline.isForEach, hasOutput: true,
            secretsRefused: .init(reason: "the outputs of a step are recorded with the run"))
        var outputs: [String: Template] = [:]
        for entry in entries {
            var reader = TemplateReader()
            outputs[entry.key] = reader.template(entry.value)
            use(reader.references, reader.errors, of: outline, place)
        }
        for (name, location) in entries.map({ ($0.key, $0.keyLocation) })
        where outline.kindOutputs?.contains(where: { $0.name == name }) ?? false {
            session.diagnostics.report(
                .duplicateKey, at: location, "'\(outline.uses)' already gives an output '\(name)'",
                fix: "choose another name")
        }
        return outputs
    }

    private func readRetry(_ fields: FieldReader) -> RetryPolicy {
        guard let node = fields.node("retry"),
            let fields = FieldReader(node, "'retry' of \(fields.what)", keys: Self.retryKeys, session: session)
        else { return retry }
        var policy = retry
        policy.attempts = fields.integer("attempts", 1...1000) ?? policy.attempts
        policy.initial = fields.duration("initial") ?? policy.initial
        policy.factor = fields.value("factor", Schema(.number(1...100)))?.asNumber ?? policy.factor
        policy.maximum = fields.duration("max") ?? policy.maximum
        return policy
    }
}
