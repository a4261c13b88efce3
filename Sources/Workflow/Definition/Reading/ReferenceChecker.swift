/// Checks the paths of expressions against what there is to read.
struct ReferenceChecker {
    /// Where an expression stands, which decides what it may read.
    struct Place {
        /// The step it belongs to.
        var step: StepOutline?
        /// Whether it is evaluated for each item.
        var hasItem = false
        /// Whether it may read `output`.
        var hasOutput = false
        var hasSteps = true
        /// Why a secret must not go there; nil where it may.
        var secretsRefused: Refusal?
    }

    /// Why a secret must not stand somewhere, and what to do instead.
    struct Refusal {
        var reason: String
        var remedy = "pass it under 'with' of the step that needs it"
    }

    static let roots = ["inputs", "secrets", "steps", "item", "index", "run", "output"]
    private static let run = Schema.object([
        Parameter("id", .string, "The run's identifier."),
        Parameter("workflow", .string, "The workflow's name."),
        Parameter("data_dir", .string, "A folder that is kept between runs."),
    ])

    let inputs: [InputDefinition]
    let secrets: [SecretDefinition]
    let steps: [String: StepOutline]
    let session: LoadingSession
    // Made once: a workflow may have thousands of each, and of references to them.
    private let inputSchema: Schema
    private let hiddenInputs: Set<String>
    private let secretSchema: Schema
    private let hiddenSecrets: Set<String>

    init(
        inputs: [InputDefinition], secrets: [SecretDefinition], steps: [String: StepOutline], session: LoadingSession
    ) {
        self.inputs = inputs
        self.secrets = secrets
        self.steps = steps
        self.session = session
        inputSchema = .object(inputs.map { Parameter($0.name, $0.schema, "") })
        hiddenInputs = Set(inputs.filter(\.secret).map(\.name))
        secretSchema = .object(secrets.map { Parameter($0.name, .string, "") })
        hiddenSecrets = Set(secrets.map(\.name))
    }

    func check(_ references: [ExpressionReference], _ place: Place) {
        for reference in references { check(reference, place) }
    }

    private func check(_ reference: ExpressionReference, _ place: Place) {
        switch reference.root {
        case "inputs":
            checkSecrecy(reference, hiddenInputs, place)
            walk(reference, from: 0, inputSchema, .unknownInput)
        case "secrets":
            checkSecrecy(reference, hiddenSecrets, place)
            walk(reference, from: 0, secretSchema, .unknownSecret)
        case "steps": checkStep(reference, place)
        case "item", "index":
            if !place.hasItem {
                report(
                    .outsideForEach, reference.location,
                    "'\(reference.root)' can only be used in a step with 'for_each'",
                    fix: "add 'for_each' to the step, or read the value from inputs or steps")
            }
        case "run": walk(reference, from: 0, Self.run, .unknownMember)
        case "output":
            guard place.hasOutput, let step = place.step else {
                report(
                    .unknownName, reference.location, "'output' can only be used in a step's own 'outputs'",
                    fix: "write steps.ID for the output of another step")
                return
            }
            checkSecrecy(reference, step.secretOutputs, place, unlessNamed: step.publicOutputs)
            if let outputs = step.kindOutputs { walk(reference, from: 0, .object(outputs), .unknownOutput) }
        default:
            let name = reference.root
            let remedy =
                if steps[name] != nil {
                    "write steps.\(name)"
                } else if inputs.contains(where: { $0.name == name }) {
                    "write inputs.\(name)"
                } else if secrets.contains(where: { $0.name == name }) {
                    "write secrets.\(name)"
                } else {
                    Spelling.remedy(for: name, among: Self.roots, none: "")
                }
            report(
                .unknownName, reference.location, "there is no '\(name)' to read",
                fix: remedy + (name.contains("-") ? "; there is no subtraction" : ""))
        }
    }

    private func checkStep(_ reference: ExpressionReference, _ place: Place) {
        guard place.hasSteps else {
            report(
                .unknownName, reference.location, "no step has run yet where this is evaluated",
                fix: "read inputs or run instead")
            return
        }
        guard case .key(let id)? = reference.segments.first?.member else {
            report(
                .badExpression, reference.location, "'steps' must be followed by the id of a step",
                fix: "write steps.ID, or steps['ID']")
            return
        }
        let location = reference.segments[0].location
        guard let step = steps[id] else {
            report(
                .unknownStep, location, "there is no step '\(id)'",
                fix: session.remedy(for: id, among: steps.keys, none: "define it under 'steps'"))
            return
        }
        if id == place.step?.id {
            report(
                .selfReference, location, "step '\(id)' reads its own output",
                fix: place.hasOutput ? "write output instead of steps.\(id)" : "read another step, or remove it")
            return
        }
        guard let outputs = step.outputs else { return }
        if step.isForEach, case .key(let name)? = reference.segments.dropFirst().first?.member {
            report(
                .wrongType, reference.segments[1].location,
                "step '\(id)' has 'for_each', so its output is a list, which has no '\(name)'",
                fix: "write steps.\(id)[0].\(name) for the first, or pluck(steps.\(id), '\(name)') for all")
            return
        }
        var inner = reference
        inner.segments.removeFirst(step.isForEach ? min(2, inner.segments.count) : 1)
        checkSecrecy(inner, step.secretOutputs, place, unlessNamed: step.publicOutputs)
        walk(reference, from: 1, outputs, .unknownOutput)
    }

    /// Refuses a path whose first member is one of `hidden`, or that takes the whole object with them.
    ///
    /// - Parameter known: With `*` among `hidden`, whatever is not one of these is hidden.
    private func checkSecrecy(
        _ reference: ExpressionReference, _ hidden: Set<String>, _ place: Place, unlessNamed known: Set<String> = []
    ) {
        guard let refusal = place.secretsRefused, !hidden.isEmpty else { return }
        if case .key(let name)? = reference.segments.first?.member, !hidden.contains(name),
            !hidden.contains("*") || known.contains(name)
        {
            return
        }
        report(
            .secretExposed, reference.location, "a secret must not stand here: \(refusal.reason)",
            fix: refusal.remedy)
    }

    /// Follows a path through a schema, from its segment `start` on.
    private func walk(
        _ reference: ExpressionReference, from start: Int, _ schema: Schema, _ code: DefinitionError.Code
    ) {
        var schema = schema
        for (index, segment) in reference.segments.enumerated().dropFirst(start) {
            let path = reference.path(index)
            switch (schema.shape, segment.member) {
            case (.object(let fields), .key(let key)):
                // An output named `*` stands for any name.
                guard let field = fields.first(where: { $0.name == key }) ?? fields.first(where: { $0.name == "*" })
                else {
                    reportUnknown(reference, index, index == start ? code : .unknownMember, fields.map(\.name))
                    return
                }
                schema = field.schema
            case (.array(let element), .index), (.array(let element), .computed), (.map(let element), .key),
                (.map(let element), .computed):
                schema = element
            case (.array, .key(let key)):
                report(
                    .wrongType, segment.location, "'\(path)' is a list, which has no '\(key)'",
                    fix: "write \(path)[0] for its first element, or pluck(\(path), '\(key)')")
                return
            case (.boolean, _), (.integer, _), (.number, _), (.string, _), (.text, _):
                report(
                    .wrongType, segment.location, "'\(path)' is \(schema.wanted), which has no members",
                    fix: "write \(path) alone")
                return
            case (.any, _), (.oneOf, _), (.template, _), (.object, _), (.map, .index): return
            }
        }
    }

    /// Reports a path whose segment at `index` is none of `names`.
    private func reportUnknown(
        _ reference: ExpressionReference, _ index: Int, _ code: DefinitionError.Code, _ names: [String]
    ) {
        let segment = reference.segments[index]
        guard case .key(let key) = segment.member else { return }
        var remedy = session.remedy(for: key, among: names, none: "remove it; there is nothing to read")
        if code == .unknownInput || code == .unknownSecret, session.nearest(to: key, among: names) == nil {
            remedy = "declare '\(key)' under '\(reference.root)'" + (names.isEmpty ? "" : ", or \(remedy)")
        }
        report(code, segment.location, "'\(reference.path(index))' has no '\(key)'", fix: remedy)
    }

    private func report(
        _ code: DefinitionError.Code, _ location: SourceLocation, _ message: String, fix remedy: String
    ) {
        session.diagnostics.report(code, at: location, message, fix: remedy)
    }
}
