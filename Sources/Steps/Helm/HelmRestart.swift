package import Workflow

/// `helm.restart`: pods that are no older than their release's last revision, and so have its values.
///
/// A pod reads a Secret's keys when it starts. Charts that put a checksum of their values on the pods have them replaced by
/// every upgrade, and here nothing is left to do; with any other chart the pods would go on with what they have read before.
package struct HelmRestart: StepKind {
    package let name = "helm.restart"
    package let summary = "Restarts those workloads of a Helm release whose pods are older than its last revision."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("release", .string, required: true, "The release's name."),
            Parameter("namespace", .string, required: true, "The release's namespace."),
            Parameter(
                "on", .oneOf("run", "rollback"), default: "run",
                "`rollback`: nothing is done but in a rollback. For a step before the upgrade, so that pods are restarted "
                    + "after that was taken back."),
            Parameter("timeout", .duration, default: "10m", "Longest wait until the new pods are ready."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("restarted", .array(.string), "The workloads that were restarted, as `kind/name`.")
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        // What is to be undone later has to count as done now.
        if try input.string("on") == "rollback" { return .absent() }
        let pods = try ReleasePods(input, access)
        let stale = try await pods.stale()
        guard !stale.isEmpty else { return .present(Self.output([])) }
        return .differs(stale.map { Change("\($0) in namespace \(pods.namespace)", from: "older than its values") })
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        if try input.string("on") == "rollback" { return Self.output([]) }
        return Self.output(try await ReleasePods(input, access).refresh())
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        if try input.string("on") == "rollback" { _ = try await ReleasePods(input, access).refresh() }
        return []
    }

    package func undoing(_ parameters: [String: Value], prior: Value?) -> String? {
        guard parameters["on"] == "rollback" else { return nil }
        return "restarts pods of release \(parameters["release"]?.stringValue ?? "?") that are older than its values"
    }

    private static func output(_ restarted: [String]) -> StepOutput {
        StepOutput(["restarted": .array(restarted.map { .string($0) })])
    }
}
