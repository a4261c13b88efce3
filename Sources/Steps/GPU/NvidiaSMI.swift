import Workflow

/// Runs `nvidia-smi` on a node, in a pod of the GPU operator's that is there: the device plugin's, or, while that is
/// stopped because it uses the GPUs itself, the driver's.
struct NvidiaSMI: Sendable {
    let kubectl: Kubectl
    let namespace: String
    let node: String
    /// Values of the label `app`, the best first.
    let applications: [String]

    static let parameters = [
        Parameter("namespace", .string, default: "gpu-operator", "The GPU operator's namespace."),
        Parameter(
            "pods", .array(.string), default: ["nvidia-device-plugin-daemonset", "nvidia-driver-daemonset"],
            "Pods of the node in which nvidia-smi can be run, by their label `app`; the first that is there is taken."),
    ]

    init(_ input: StepInput, _ kubectl: Kubectl, node: String) throws(StepError) {
        self.kubectl = kubectl
        self.node = node
        namespace = try input.string("namespace")
        applications = try input.strings("pods")
    }

    /// The pod to use; nil where there is none yet.
    ///
    /// - Parameter others: Applications that are not to be taken.
    func pod(besides others: [String] = []) async throws(StepError) -> String? {
        let pods = try await kubectl.items(
            [
                "get", "pods", "--namespace", namespace, "--field-selector", "spec.nodeName=\(node)", "--selector",
                "app in (\(applications.joined(separator: ",")))",
            ], object: "pods of node \(node)")
        let usable = pods.filter { ClusterPod.isReady($0) && $0["metadata"]?["deletionTimestamp"] == nil }
        for application in applications where !others.contains(application) {
            for pod in usable where pod["metadata"]?["labels"]?["app"]?.stringValue == application {
                return pod["metadata"]?["name"]?.stringValue
            }
        }
        return nil
    }

    func noPod(_ kind: StepError.Kind) -> StepError {
        StepError(
            kind, "no pod is ready in which nvidia-smi could be run", object: object,
            remedy: "see that \(applications.joined(separator: " or ")) runs there (kubectl get pods -n \(namespace) "
                + "-o wide), or name other pods under `pods`")
    }

    var object: String { "node/\(node)" }

    /// All GPUs of the node.
    func gpus() async throws(StepError) -> [GPU] {
        let result = try await run(GPU.query)
        guard result.succeeded else {
            throw StepError(
                .transient, "nvidia-smi failed: \(Excerpt.end(of: result.output.text + result.error.text))",
                object: object, remedy: "find out why: the driver may not be running on this node")
        }
        return try GPU.all(in: result.output.text)
    }

    func gpu(_ uuid: String) async throws(StepError) -> GPU {
        let gpus = try await gpus()
        guard let gpu = gpus.first(where: { $0.uuid == uuid }) else {
            throw StepError(
                .permanent, "the node has no GPU \(uuid)", object: object,
                remedy: "it has \(gpus.map(\.uuid).joined(separator: ", ")); was it exchanged?")
        }
        return gpu
    }

    /// Runs nvidia-smi to its end, which says little: a mode that is only pending counts as success to it.
    func run(_ arguments: [String], onLine: ProcessLineHandler? = nil) async throws(StepError) -> ProcessResult {
        guard let pod = try await pod() else { throw noPod(.transient) }
        let (_, result) = try await kubectl.attempt(
            ["exec", "--namespace", namespace, pod, "--", "nvidia-smi"] + arguments, object: object,
            onLine: onLine)
        if !result.succeeded, !result.error.text.contains("command terminated with") {
            // It was not nvidia-smi that failed, but the way to it.
            throw ToolFailure(tool: "kubectl", object: "pod \(namespace)/\(pod)").error(saying: result.error.text)
        }
        return result
    }
}

/// What a pod's status says.
enum ClusterPod {
    static func isReady(_ pod: Value) -> Bool {
        (pod["status"]?["conditions"]?.arrayValue ?? []).contains {
            $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True"
        }
    }
}
