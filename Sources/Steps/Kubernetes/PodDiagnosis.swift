package import Workflow

/// Says which pod and which container waits for what, from pods, their events and volume claims as the API gives them.
package struct PodDiagnosis {
    /// One thing that stands in the way.
    package struct Finding: Hashable, Sendable {
        /// What it is about: `pod clearml/api-6f5d`.
        package var object: String
        package var text: String
        /// The container whose last lines tell more.
        package var logs: LogRequest?
        /// Waiting longer cannot help.
        package var isHopeless = false

        package var description: String { "\(object): \(text)" }
    }

    package struct LogRequest: Hashable, Sendable {
        package var namespace: String
        package var pod: String
        package var container: String
        /// Of the container before its last restart.
        package var previous: Bool
    }

    private let events: [Value]

    package init(events: [Value]) {
        self.events = events
    }

    /// What the pod waits for; empty where it is ready or has done its work.
    package func findings(ofPod pod: Value) -> [Finding] {
        let name = pod["metadata"]?["name"]?.stringValue ?? "?"
        let namespace = pod["metadata"]?["namespace"]?.stringValue ?? "default"
        let object = "pod \(namespace)/\(name)"
        let status = pod["status"] ?? .null
        if status["phase"]?.stringValue == "Succeeded" { return [] }
        if pod["metadata"]?["deletionTimestamp"] != nil {
            return [Finding(object: object, text: "is being deleted and has not stopped yet")]
        }
        if status["phase"]?.stringValue == "Failed", let reason = status["reason"]?.stringValue {
            return [Finding(object: object, text: join(reason, status["message"]?.stringValue))]
        }
        if let condition = condition("PodScheduled", of: status), condition["status"]?.stringValue == "False" {
            let reason = condition["message"]?.stringValue ?? "no node has been found for it yet"
            return [Finding(object: object, text: "Pending: \(reason)")]
        }
        var findings: [Finding] = []
        let initial = status["initContainerStatuses"]?.arrayValue ?? []
        let done = initial.count { $0["state"]?["terminated"]?["exitCode"]?.integerValue == 0 }
        // Init containers run one after the other, so the first that is not done is the one to look at.
        if let waiting = initial.first(where: { $0["state"]?["terminated"]?["exitCode"]?.integerValue != 0 }),
            waiting["started"]?.boolValue != true || waiting["ready"]?.boolValue != true
        {
            let place = "init container '\(waiting["name"]?.stringValue ?? "?")' (Init:\(done)/\(initial.count))"
            findings.append(finding(of: waiting, place: place, object: object, namespace: namespace, pod: name))
            return findings
        }
        for container in status["containerStatuses"]?.arrayValue ?? [] where container["ready"]?.boolValue != true {
            if container["state"]?["terminated"]?["exitCode"]?.integerValue == 0 { continue }
            let place = "container '\(container["name"]?.stringValue ?? "?")'"
            findings.append(finding(of: container, place: place, object: object, namespace: namespace, pod: name))
        }
        if findings.isEmpty, status["containerStatuses"]?.arrayValue?.isEmpty ?? true {
            let event = lastWarning(about: name, namespace: namespace, kind: "Pod")
            let text = event.map { "its containers have not been created yet: \($0)" }
            findings.append(Finding(object: object, text: text ?? "its containers have not been created yet"))
        }
        return findings
    }

    private func finding(
        of status: Value, place: String, object: String, namespace: String, pod: String
    ) -> Finding {
        let container = status["name"]?.stringValue ?? "?"
        let restarts = status["restartCount"]?.integerValue ?? 0
        func logs(previous: Bool) -> LogRequest {
            LogRequest(namespace: namespace, pod: pod, container: container, previous: previous)
        }
        if let waiting = status["state"]?["waiting"] {
            let reason = waiting["reason"]?.stringValue ?? "waiting"
            switch reason {
            case "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull":
                let cause = pullFailure(pod: pod, namespace: namespace) ?? waiting["message"]?.stringValue
                let image = status["image"]?.stringValue ?? "?"
                return Finding(
                    object: object, text: join("\(place) cannot get its image '\(image)' (\(reason))", cause),
                    isHopeless: reason == "InvalidImageName")
            case "CrashLoopBackOff":
                let last = status["lastState"]?["terminated"] ?? .null
                return Finding(
                    object: object,
                    text: "\(place) ends again and again (CrashLoopBackOff, \(restarts) restarts, \(ending(last)))",
                    logs: logs(previous: restarts > 0))
            case "PodInitializing", "ContainerCreating":
                let event = lastWarning(about: pod, namespace: namespace, kind: "Pod")
                return Finding(object: object, text: join("\(place) is being created (\(reason))", event))
            default:
                return Finding(object: object, text: join("\(place) waits: \(reason)", waiting["message"]?.stringValue))
            }
        }
        if let ended = status["state"]?["terminated"] {
            return Finding(object: object, text: "\(place) has ended (\(ending(ended)))", logs: logs(previous: false))
        }
        if place.hasPrefix("init") {
            return Finding(object: object, text: "\(place) is still running", logs: logs(previous: false))
        }
        let probe = lastEvent(about: pod, namespace: namespace, reasons: ["Unhealthy"], container: container)
        // Between two crashes a container runs: what ended it the last time is the cause to look at.
        let last = status["lastState"]?["terminated"].map { ", the last time with \(ending($0))" } ?? ""
        let restarted = restarts > 0 ? ", \(restarts) restarts\(last)" : ""
        return Finding(
            object: object, text: join("\(place) runs and is not ready\(restarted)", probe),
            logs: restarts > 0 ? logs(previous: true) : nil)
    }

    /// Why an image did not come: the kubelet says it once in an event, and only "Back-off" from then on.
    private func pullFailure(pod: String, namespace: String) -> String? {
        let told = matching(pod, namespace, "Pod").compactMap { $0["message"]?.stringValue }
        return told.last { $0.hasPrefix("Failed to pull image") }
    }

    /// What a volume claim waits for; nil where it is bound.
    package func finding(ofClaim claim: Value) -> Finding? {
        guard claim["status"]?["phase"]?.stringValue != "Bound" else { return nil }
        let name = claim["metadata"]?["name"]?.stringValue ?? "?"
        let namespace = claim["metadata"]?["namespace"]?.stringValue ?? "default"
        let event = lastEvent(
            about: name, namespace: namespace,
            reasons: ["ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "WaitForFirstConsumer"],
            kind: "PersistentVolumeClaim")
        return Finding(
            object: "volume claim \(namespace)/\(name)",
            text: join("is \(claim["status"]?["phase"]?.stringValue ?? "not bound")", event))
    }

    /// What keeps a workload from making its pods, such as a quota; nil where nothing is known.
    package func finding(ofWorkload workload: Value) -> Finding? {
        let kind = workload["kind"]?.stringValue ?? "?"
        let name = workload["metadata"]?["name"]?.stringValue ?? "?"
        let namespace = workload["metadata"]?["namespace"]?.stringValue ?? "default"
        let object = "\(kind.lowercased()) \(namespace)/\(name)"
        let status = workload["status"] ?? .null
        if kind == "Job", let failed = condition("Failed", of: status), failed["status"]?.stringValue == "True" {
            return Finding(object: object, text: join("has failed", failed["message"]?.stringValue))
        }
        if let failure = condition("ReplicaFailure", of: status), failure["status"]?.stringValue == "True" {
            return Finding(object: object, text: join("cannot create its pods", failure["message"]?.stringValue))
        }
        if let event = lastEvent(about: name, namespace: namespace, reasons: ["FailedCreate"], kind: kind) {
            return Finding(object: object, text: "cannot create its pods: \(event)")
        }
        return nil
    }

    private func condition(_ type: String, of status: Value) -> Value? {
        status["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    private func ending(_ state: Value) -> String {
        let code = state["exitCode"]?.integerValue.map { "exit status \($0)" }
        let reason = state["reason"]?.stringValue.flatMap { $0 == "Error" || $0 == "Completed" ? nil : $0 }
        return [reason, code].compactMap { $0 }.joined(separator: ", ")
    }

    private func lastWarning(about name: String, namespace: String, kind: String) -> String? {
        matching(name, namespace, kind).last { $0["type"]?.stringValue == "Warning" }?["message"]?.stringValue
    }

    private func lastEvent(
        about name: String, namespace: String, reasons: Set<String>, kind: String = "Pod", container: String? = nil
    ) -> String? {
        matching(name, namespace, kind).last { event in
            guard reasons.contains(event["reason"]?.stringValue ?? "") else { return false }
            guard let container, let path = event["involvedObject"]?["fieldPath"]?.stringValue else { return true }
            return path.contains("{\(container)}")
        }?["message"]?.stringValue
    }

    /// Events about one object, oldest first.
    private func matching(_ name: String, _ namespace: String, _ kind: String) -> [Value] {
        events.filter { event in
            let about = event["involvedObject"] ?? .null
            return about["kind"]?.stringValue == kind && about["name"]?.stringValue == name
                && (about["namespace"]?.stringValue ?? namespace) == namespace
        }.sorted { Self.time($0) < Self.time($1) }
    }

    private static func time(_ event: Value) -> String {
        event["lastTimestamp"]?.stringValue ?? event["eventTime"]?.stringValue
            ?? event["metadata"]?["creationTimestamp"]?.stringValue ?? ""
    }

    private func join(_ fact: String, _ cause: String?) -> String {
        cause.map { "\(fact): \($0)" } ?? fact
    }
}
