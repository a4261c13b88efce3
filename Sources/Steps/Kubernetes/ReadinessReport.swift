package import Workflow

/// Looks up, when a wait has ended in vain, what stands in the way.
package struct ReadinessReport: Sendable {
    /// Logs are read for so many containers: enough for the cause, short enough for an error message.
    private static let logLimit = 3

    private let kubectl: Kubectl

    package init(_ kubectl: Kubectl) {
        self.kubectl = kubectl
    }

    /// What the workloads among these objects wait for.
    ///
    /// - Parameter namespace: Where objects without a namespace of their own live.
    package func findings(
        about objects: [KubernetesObject], namespace: String
    ) async throws(StepError) -> [PodDiagnosis.Finding] {
        var findings: [PodDiagnosis.Finding] = []
        let namespaces = Set(objects.filter(Self.isOfInterest).map { $0.reference.namespace ?? namespace })
        for place in namespaces.sorted() {
            let mine = objects.filter { ($0.reference.namespace ?? namespace) == place && Self.isOfInterest($0) }
            findings += try await self.findings(about: mine, in: place)
        }
        return try await withLogs(findings)
    }

    private func findings(
        about objects: [KubernetesObject], in namespace: String
    ) async throws(StepError) -> [PodDiagnosis.Finding] {
        let kinds =
            "pods,events,persistentvolumeclaims,deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,services"
        let items = try await kubectl.items(
            ["get", kinds, "--namespace", namespace], object: "namespace \(namespace)")
        func ofKind(_ kind: String) -> [Value] { items.filter { $0["kind"]?.stringValue == kind } }
        let diagnosis = PodDiagnosis(events: ofKind("Event"))
        let names = Set(objects.map { "\($0.kind)/\($0.reference.name)" })
        let workloads = items.filter { item in
            names.contains("\(item["kind"]?.stringValue ?? "")/\(item["metadata"]?["name"]?.stringValue ?? "")")
        }
        let pods = ofKind("Pod").filter { pod in workloads.contains { Self.owns($0, pod) } }
        let claims = Set(pods.flatMap { Self.claims(of: $0) })

        var findings = workloads.compactMap { diagnosis.finding(ofWorkload: $0) }
        findings += ofKind("PersistentVolumeClaim")
            .filter { claim in
                let name = claim["metadata"]?["name"]?.stringValue ?? ""
                return claims.contains(name) || names.contains("PersistentVolumeClaim/\(name)")
            }
            .compactMap { diagnosis.finding(ofClaim: $0) }
        findings += pods.flatMap { diagnosis.findings(ofPod: $0) }
        findings += workloads.compactMap { Self.waitingBalancer($0) }
        return findings
    }

    /// The findings with the last lines of the containers that ask for it.
    private func withLogs(_ findings: [PodDiagnosis.Finding]) async throws(StepError) -> [PodDiagnosis.Finding] {
        var result: [PodDiagnosis.Finding] = []
        var left = Self.logLimit
        for var finding in findings {
            if let request = finding.logs, left > 0 {
                left -= 1
                let lines = try await lastLines(request)
                if !lines.isEmpty { finding.text += "; its last lines:" + lines.map { "\n    \($0)" }.joined() }
            }
            result.append(finding)
        }
        return result
    }

    /// What a container said last: of the time before its restart where that is asked for, or of now where that one is
    /// gone, or the other way round.
    private func lastLines(_ request: PodDiagnosis.LogRequest) async throws(StepError) -> [Substring] {
        let arguments =
            ["logs", request.pod, "-c", request.container, "--namespace", request.namespace, "--tail", "5"]
        for previous in [request.previous, !request.previous] {
            // A container that has no log any more fails the call, and that is no news worth an error.
            let (_, answer) = try await kubectl.attempt(
                arguments + (previous ? ["--previous"] : []), object: "pod \(request.namespace)/\(request.pod)")
            let lines = answer.output.text.split(whereSeparator: \.isNewline)
            // The kubelet's excuse for a container that is gone comes in place of the log, and as a success.
            let isExcuse = lines.first?.hasPrefix("unable to retrieve container logs") ?? true
            if answer.succeeded, !isExcuse { return lines }
        }
        return []
    }

    private static func isOfInterest(_ object: KubernetesObject) -> Bool {
        [
            "Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Pod", "PersistentVolumeClaim", "Service",
        ].contains(object.kind)
    }

    /// Whether the pod is one of the workload's: by its owner, or the workload's selector where a ReplicaSet is
    /// between.
    private static func owns(_ workload: Value, _ pod: Value) -> Bool {
        let kind = workload["kind"]?.stringValue
        if kind == "Pod" { return workload["metadata"]?["uid"] == pod["metadata"]?["uid"] }
        if kind == "Service" { return false }
        let owners = pod["metadata"]?["ownerReferences"]?.arrayValue ?? []
        if owners.contains(where: { $0["uid"] == workload["metadata"]?["uid"] }) { return true }
        guard kind == "Deployment", let selector = workload["spec"]?["selector"]?["matchLabels"]?.objectValue,
            !selector.isEmpty
        else { return false }
        let labels = pod["metadata"]?["labels"] ?? .null
        return selector.allSatisfy { labels[$0.key] == $0.value }
    }

    private static func claims(of pod: Value) -> [String] {
        (pod["spec"]?["volumes"]?.arrayValue ?? [])
            .compactMap { $0["persistentVolumeClaim"]?["claimName"]?.stringValue }
    }

    private static func waitingBalancer(_ object: Value) -> PodDiagnosis.Finding? {
        guard object["kind"]?.stringValue == "Service", object["spec"]?["type"]?.stringValue == "LoadBalancer",
            object["status"]?["loadBalancer"]?["ingress"]?.arrayValue?.isEmpty ?? true
        else { return nil }
        let name = object["metadata"]?["name"]?.stringValue ?? "?"
        let namespace = object["metadata"]?["namespace"]?.stringValue ?? "?"
        return PodDiagnosis.Finding(
            object: "service \(namespace)/\(name)", text: "waits for the address of its load balancer")
    }
}
