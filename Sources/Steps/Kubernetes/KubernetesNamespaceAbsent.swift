package import Workflow

/// `kubernetes.namespace-absent`: no such namespace, unless somebody still has something in it.
///
/// One that was made for a single purpose says so with a label: whatever is in it is of that purpose, and goes with it.
package struct KubernetesNamespaceAbsent: StepKind {
    package let name = "kubernetes.namespace-absent"
    package let summary =
        "Deletes a namespace in which nothing is left, or that a label marks; any other one stays as it is."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("namespace", .string, required: true, "The namespace's name."),
            Parameter(
                "label", .string(pattern: "[^=]+=[^=]+"),
                "As `name=value`: a namespace that carries it goes with all that it holds. None: an empty one only."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("left", .array(.string), "Why the namespace stays, a line; empty where it is gone.")
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let (name, namespaces) = try wish(input)
        guard try await namespaces.exists(name) else { return .present(Self.output([])) }
        if try await isMarked(input, namespaces) {
            return .differs([Change("namespace \(name)", from: "there, with all that it holds")])
        }
        let reasons = try await namespaces.reasonsToStay(name)
        return reasons.isEmpty ? .differs([Change("namespace \(name)", from: "empty")]) : .present(Self.output(reasons))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let (name, namespaces) = try wish(input)
        if try await isMarked(input, namespaces) {
            try await namespaces.remove(name)
            return Self.output([])
        }
        return Self.output(try await namespaces.removeIfEmpty(name))
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let (name, namespaces) = try wish(input)
        try await namespaces.create(name)
        return input["label"] == nil ? [] : ["what namespace \(name) held, and its labels, stay deleted"]
    }

    private func isMarked(_ input: StepInput, _ namespaces: Namespaces) async throws(StepError) -> Bool {
        guard let label = try input.optionalString("label") else { return false }
        return try await namespaces.exists(try input.string("namespace"), labelled: label)
    }

    private func wish(_ input: StepInput) throws(StepError) -> (name: String, namespaces: Namespaces) {
        let name = try input.string("namespace")
        guard name != "default", !name.hasPrefix("kube-") else {
            throw StepError(
                .permanent, "this namespace is Kubernetes' own", object: "namespace \(name)",
                remedy: "name one that was made for something")
        }
        return (name, Namespaces(Kubectl(try access.overridden(by: input))))
    }

    private static func output(_ left: [String]) -> StepOutput {
        StepOutput(["left": .array(left.map { .string($0) })])
    }
}
