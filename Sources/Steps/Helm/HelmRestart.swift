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

/// The pods of a release's workloads, beside the time of its last revision.
private struct ReleasePods {
    let kubectl: Kubectl
    let release: String
    let namespace: String
    let seconds: Int

    init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
        kubectl = Kubectl(try access.overridden(by: input))
        release = try input.string("release")
        namespace = try input.string("namespace")
        seconds = Int((try input.duration("timeout") ?? .seconds(600)).components.seconds)
    }

    private var object: String { "release \(namespace)/\(release)" }
    private var place: [String] { ["--namespace", namespace] }

    /// The workloads with a pod that was there before the last revision, as `kind/name`.
    func stale() async throws(StepError) -> [String] {
        let revision = try await lastRevision()
        let pods = try await kubectl.items(["get", "pods"] + place, object: object)
        var stale: [String] = []
        for workload in try await workloads() where workload.replicas > 0 {
            let isStale = pods.contains { pod in
                let metadata = pod["metadata"]
                guard metadata?["deletionTimestamp"] == nil, let made = metadata?["creationTimestamp"]?.stringValue
                else {
                    return false
                }
                // Of one form, in which the earlier one sorts first.
                return made < revision && workload.selects(metadata?["labels"])
            }
            if isStale { stale.append(workload.name) }
        }
        return stale
    }

    /// Replaces what is stale, a workload after the other as its own strategy says.
    ///
    /// - Returns: The workloads that were restarted.
    func refresh() async throws(StepError) -> [String] {
        var restarted: [String] = []
        for workload in try await stale() {
            // It may be at it already: by the upgrade itself, or by an attempt that died.
            try await awaitRollout(of: workload)
            guard try await stale().contains(workload) else { continue }
            try await kubectl.run(["rollout", "restart", workload] + place, object: workload)
            try await awaitRollout(of: workload)
            restarted.append(workload)
        }
        return restarted
    }

    private func awaitRollout(of workload: String) async throws(StepError) {
        try await kubectl.run(
            ["rollout", "status", workload, "--timeout", "\(seconds)s"] + place, object: workload)
    }

    /// When the last revision was begun, by the cluster's own clock. What the records hold is not read.
    private func lastRevision() async throws(StepError) -> String {
        let template = "{range .items[*]}{.metadata.labels.version} {.metadata.creationTimestamp}{\"\\n\"}{end}"
        let answer = try await kubectl.run(
            ["get", "secrets", "--selector", "owner=helm,name=\(release)", "-o", "jsonpath=\(template)"] + place,
            object: object)
        let revisions = answer.output.text.split(whereSeparator: \.isNewline).compactMap { line -> (Int, String)? in
            let words = line.split(separator: " ")
            guard words.count == 2, let number = Int(words[0]) else { return nil }
            return (number, String(words[1]))
        }
        guard let last = revisions.max(by: { $0.0 < $1.0 }) else {
            throw StepError(
                .permanent, "helm keeps no record of it here", object: object,
                remedy: "correct 'release' or 'namespace'")
        }
        return last.1
    }

    private struct Workload {
        let name: String
        let replicas: Int
        let labels: [String: Value]

        func selects(_ labels: Value?) -> Bool {
            !self.labels.isEmpty && self.labels.allSatisfy { labels?[$0.key] == $0.value }
        }
    }

    private func workloads() async throws(StepError) -> [Workload] {
        let kinds = "deployments.apps,statefulsets.apps,daemonsets.apps"
        return try await kubectl.items(["get", kinds] + place, object: object).compactMap { item in
            guard item["metadata"]?["annotations"]?["meta.helm.sh/release-name"]?.stringValue == release,
                let kind = item["kind"]?.stringValue, let name = item["metadata"]?["name"]?.stringValue
            else { return nil }
            return Workload(
                name: "\(kind.lowercased())/\(name)", replicas: item["spec"]?["replicas"]?.integerValue ?? 1,
                labels: item["spec"]?["selector"]?["matchLabels"]?.objectValue ?? [:])
        }
    }
}
