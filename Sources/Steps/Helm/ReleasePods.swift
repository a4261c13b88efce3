import Workflow

/// The pods of a release's workloads, beside the time of its last revision.
struct ReleasePods {
    let namespace: String
    private let kubectl: Kubectl
    private let release: String
    private let seconds: Int

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
