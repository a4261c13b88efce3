package import Workflow

/// `kubernetes.absent`: no objects of these names.
package struct KubernetesAbsent: StepKind {
    package let name = "kubernetes.absent"
    package let summary = "Deletes Kubernetes objects by their names, and waits until they are gone."
    package let reverting = Reverting.impossible("what deleted objects held is not recorded")
    package let parameters =
        [
            Parameter("kind", .string, required: true, "The objects' kind, such as `secret` or `deployment.apps`."),
            Parameter("names", .array(.string), required: true, "Their names."),
            Parameter("namespace", .string, "Their namespace; none for objects of the whole cluster."),
            Parameter("timeout", .duration, default: "5m", "Longest wait until they are gone."),
        ] + ClusterAccess.parameters
    package let outputs = [Parameter("deleted", .array(.string), "The objects that this run deleted, as `kind/name`.")]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input, access)
        let found = try await wish.found()
        guard !found.isEmpty else { return .present(Self.output([])) }
        return .differs(found.map { Change("\($0)\(wish.whereabouts)", from: "there") })
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try Wish(input, access)
        let found = try await wish.found()
        guard !found.isEmpty else { return Self.output([]) }
        try await wish.kubectl.run(
            ["delete"] + found + wish.place
                + ["--ignore-not-found", "--wait", "--timeout", "\(max(1, wish.timeout.components.seconds))s"],
            object: found.joined(separator: ", ") + wish.whereabouts)
        return Self.output(found)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        ["deleted objects stay deleted: \(try input.strings("names").joined(separator: ", "))"]
    }

    private static func output(_ deleted: [String]) -> StepOutput {
        StepOutput(["deleted": .array(deleted.map { .string($0) })])
    }

    private struct Wish {
        let kubectl: Kubectl
        let kind: String
        let names: [String]
        let namespace: String?
        let timeout: Duration

        init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
            kubectl = Kubectl(try access.overridden(by: input))
            kind = try input.string("kind")
            names = try input.strings("names")
            namespace = try input.optionalString("namespace")
            timeout = try input.duration("timeout") ?? .seconds(300)
        }

        var place: [String] { namespace.map { ["--namespace", $0] } ?? [] }
        var whereabouts: String { namespace.map { " in namespace \($0)" } ?? "" }

        /// Those that are there, as `kind/name`. Their content is not read: it may be secret.
        func found() async throws(StepError) -> [String] {
            // Without a name the whole list would be meant.
            guard !names.isEmpty else { return [] }
            let (_, result) = try await kubectl.attempt(
                ["get", kind] + names + place + ["--ignore-not-found", "-o", "name"], object: kind)
            if result.succeeded {
                return result.output.text.split(whereSeparator: \.isNewline).map(String.init)
            }
            // Its definition is gone, and every object with it.
            if result.error.text.contains("the server doesn't have a resource type") { return [] }
            throw ToolFailure(tool: "kubectl", object: kind).error(saying: result.error.text)
        }
    }
}
