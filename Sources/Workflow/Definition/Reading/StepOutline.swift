/// What other steps must know of a step, before it is read in full.
struct StepOutline {
    static let keys = [
        "uses", "description", "needs", "when", "for_each", "max_parallel", "with", "retry", "timeout",
        "total_timeout", "revert", "outputs",
    ]

    let id: String
    let index: Int
    let location: SourceLocation
    let fields: FieldReader
    let uses: String
    /// Nil where there is no such kind.
    let kind: (any StepKind)?
    /// For `uses: workflow`: the path of the workflow's file as seen from the root, and the workflow.
    let childPath: String?
    let child: Workflow?

    var isForEach: Bool { fields.keyLocation("for_each") != nil }

    /// The outputs of the kind; nil where they cannot be known.
    var kindOutputs: [Parameter]? {
        guard let kind else { return nil }
        guard kind.name == "workflow" else { return kind.outputs }
        return child?.definition.outputs.keys.sorted().map { Parameter($0, .any, "An output of the workflow.") }
    }

    /// What `steps.ID` gives: the outputs of the kind and the step's own; a list of these for a `for_each`. Nil where
    /// it cannot be known.
    var outputs: Schema? {
        guard let kindOutputs else { return nil }
        let own = ownOutputs.map { Parameter($0, .any, "An output of the step.") }
        let object = Schema.object(kindOutputs + own)
        return isForEach ? .array(object) : object
    }

    /// The names under the step's own `outputs`.
    private var ownOutputs: [String] { fields.node("outputs")?.mapping?.map(\.key) ?? [] }

    var publicOutputs: Set<String> { Set((kindOutputs ?? []).filter { !$0.secret }.map(\.name) + ownOutputs) }

    /// `*` among them stands for every name that is not public.
    var secretOutputs: Set<String> { Set((kindOutputs ?? []).filter(\.secret).map(\.name)) }
}
