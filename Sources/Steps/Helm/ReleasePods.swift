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
    func stale() async throws(StepError) -> [String] { names(of: try await old()) }

    /// Replaces what is stale, a workload after the other as its own strategy says, and waits until the old pods are gone:
    /// one that is ending still works with what it has read, for as long as its grace lasts.
    ///
    /// - Returns: The workloads that were restarted.
    func refresh() async throws(StepError) -> [String] {
        var restarted: [String] = []
        for workload in try await stale() {
            // It may be at it already: by the upgrade itself, or by an attempt that died.
            try await awaitRollout(of: workload)
            let staying = try await old().filter { !$0.isEnding }
            guard names(of: staying).contains(workload) else { continue }
            try await kubectl.run(["rollout", "restart", workload] + place, object: workload)
            try await awaitRollout(of: workload)
            restarted.append(workload)
        }
        try await LiveObjects(kubectl, namespace: namespace)
            .waitUntilGone(try await old().map(\.pod), timeout: .seconds(seconds))
        return restarted
    }

    private struct OldPod {
        let workload: String
        let pod: KubernetesObject
        let isEnding: Bool
    }

    /// The pods that were there before the last revision.
    private func old() async throws(StepError) -> [OldPod] {
        let revision = try await lastRevision()
        let pods = try KubernetesObject.all(in: try await kubectl.items(["get", "pods"] + place, object: object))
        var old: [OldPod] = []
        for workload in try await workloads() where workload.replicas > 0 {
            for pod in pods {
                let metadata = pod.content["metadata"]
                // Of one form, in which the earlier one sorts first.
                guard let made = metadata?["creationTimestamp"]?.stringValue, made < revision,
                    workload.selects(metadata?["labels"])
                else { continue }
                let isEnding = metadata?["deletionTimestamp"] != nil
                old.append(OldPod(workload: workload.name, pod: pod, isEnding: isEnding))
            }
        }
        return old
    }

    private func names(of old: [OldPod]) -> [String] {
        old.map(\.workload).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
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
