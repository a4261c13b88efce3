package import Workflow

/// `kubernetes.namespace-absent`: no such namespace, unless somebody still has something in it.
package struct KubernetesNamespaceAbsent: StepKind {
    package let name = "kubernetes.namespace-absent"
    package let summary = "Deletes a namespace in which nothing is left; one that holds anything stays as it is."
    package let reverting = Reverting.automatic
    package let parameters =
        [Parameter("namespace", .string, required: true, "The namespace's name.")] + ClusterAccess.parameters
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
        let reasons = try await namespaces.reasonsToStay(name)
        return reasons.isEmpty ? .differs([Change("namespace \(name)", from: "empty")]) : .present(Self.output(reasons))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let (name, namespaces) = try wish(input)
        return Self.output(try await namespaces.removeIfEmpty(name))
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let (name, namespaces) = try wish(input)
        try await namespaces.create(name)
        return []
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
