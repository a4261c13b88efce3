package import Workflow

/// `gpu.clients`: whether those of the GPU operator's pods that use GPUs run on a node.
///
/// A GPU in use takes no reset, and the device plugin, the exporter and their like use every GPU of their node. They are
/// stopped and started as the operator's own MIG manager does it: by labels of the node that its daemon sets select by.
package struct GPUClients: StepKind {
    package let name = "gpu.clients"
    package let summary = "Stops or starts the GPU operator's own users of GPUs on a node."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("node", .string, required: true, "The node's name."),
            Parameter("state", .oneOf("paused", "running"), required: true, "Whether they are to run."),
            Parameter("timeout", .duration, default: "10m", "Longest wait until they are gone, or ready."),
        ] + NvidiaSMI.parameters + ClusterAccess.parameters
    package let outputs = [
        Parameter("node", .string, "The node's name."),
        Parameter("components", .array(.string), "The components that are stopped, or were started."),
    ]

    private let access: ClusterAccess
    private let clock: any Clock<Duration>

    package init(_ access: ClusterAccess, clock: any Clock<Duration>) {
        self.access = access
        self.clock = clock
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try ClientsWish(input, access, clock)
        let node = try await wish.nodes.node(wish.name)
        let toChange = try await wish.toChange(on: node, context)
        guard !toChange.isEmpty else {
            return try await wish.isReached(wish.state, on: node) ? .present(wish.output(node)) : .absent()
        }
        return .differs(
            toChange.map { label in
                Change(
                    "\(wish.object) metadata.labels[\(label)]", from: .string(wish.state.opposite.label),
                    to: .string(wish.state.label))
            }, prior: .array(toChange.map { .string($0) }))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try ClientsWish(input, access, clock)
        let node = try await wish.nodes.node(wish.name)
        try await wish.bring(wish.toChange(on: node, context), to: wish.state)
        return wish.output(try await wish.nodes.node(wish.name))
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let wish = try ClientsWish(input, access, clock)
        guard let labels = prior?.arrayValue?.compactMap(\.stringValue), !labels.isEmpty,
            let node = try await wish.nodes.ifThere(wish.name)
        else { return [] }
        let back = wish.state.opposite
        // What somebody has set to something else since is theirs.
        try await wish.bring(
            labels.filter { [wish.state.label, back.label].contains(node.labels[$0]) }, to: back)
        return []
    }
}

private enum ClientState: String {
    case paused
    case running

    /// The value of a component's label; others are an operator's own wish, and are left alone.
    var label: String { self == .paused ? "paused-for-mig-change" : "true" }
    var opposite: ClientState { self == .paused ? .running : .paused }
}

private struct ClientsWish {
    /// Components that use GPUs, and the label `app` of their pods. The device plugin is first: it is started alone, as
    /// starting it together with the exporter can hang both.
    private static let components = [
        ("device-plugin", "nvidia-device-plugin-daemonset"), ("gpu-feature-discovery", "gpu-feature-discovery"),
        ("dcgm", "nvidia-dcgm"), ("dcgm-exporter", "nvidia-dcgm-exporter"), ("nvsm", "nvidia-nvsm"),
    ]

    let nodes: ClusterNodes
    let name: String
    let state: ClientState
    let driver: NvidiaSMI
    let timeout: Duration
    let clock: any Clock<Duration>

    init(_ input: StepInput, _ access: ClusterAccess, _ clock: any Clock<Duration>) throws(StepError) {
        nodes = ClusterNodes(Kubectl(try access.overridden(by: input)))
        name = try input.string("node")
        state = try input.string("state") == "paused" ? .paused : .running
        driver = try NvidiaSMI(input, nodes.kubectl, node: name)
        timeout = try input.duration("timeout") ?? .seconds(600)
        self.clock = clock
    }

    var object: String { "node/\(name)" }

    private static func label(_ component: String) -> String { "nvidia.com/gpu.deploy.\(component)" }

    /// The labels to set. The device plugin is left running where nvidia-smi can be run nowhere else: where nodes have their
    /// driver from somewhere else than the operator.
    func toChange(on node: ClusterNode, _ context: StepContext) async throws(StepError) -> [String] {
        let candidates = Self.components.filter { node.labels[Self.label($0.0)] == state.opposite.label }
        guard state == .paused, !candidates.isEmpty else { return candidates.map { Self.label($0.0) } }
        let paused = candidates.map(\.1)
        if try await driver.pod(besides: paused) != nil { return candidates.map { Self.label($0.0) } }
        context.log(.note, "nvidia-smi can be run in the device plugin's pod alone, so that goes on using the GPUs")
        return candidates.filter { !driver.applications.contains($0.1) }.map { Self.label($0.0) }
    }

    func output(_ node: ClusterNode) -> StepOutput {
        let there = Self.components.map(\.0).filter { node.labels[Self.label($0)] == state.label }
        return StepOutput(["node": .string(name), "components": .array(there.map { .string($0) })])
    }

    /// Sets labels, and waits for the pods to follow.
    func bring(_ labels: [String], to state: ClientState) async throws(StepError) {
        let first = Self.label(Self.components[0].0)
        // Set by an earlier attempt or not: its pods are waited for all the same.
        for group in state == .running ? [labels.filter { $0 == first }, labels.filter { $0 != first }] : [labels] {
            if !group.isEmpty {
                let values = Dictionary(uniqueKeysWithValues: group.map { ($0, Value.string(state.label)) })
                try await nodes.merge(["metadata": ["labels": .object(values)]], into: name)
            }
            try await wait(for: state)
        }
    }

    /// Whether the pods of all components are as their labels say.
    func isReached(_ state: ClientState, on node: ClusterNode) async throws(StepError) -> Bool {
        let applications = Self.components.filter { node.labels[Self.label($0.0)] == state.label }.map(\.1)
        guard !applications.isEmpty else { return true }
        let selector = [
            "--namespace", driver.namespace, "--selector", "app in (\(applications.joined(separator: ",")))",
        ]
        let pods = try await nodes.kubectl.items(
            ["get", "pods", "--field-selector", "spec.nodeName=\(name)"] + selector, object: "pods of node \(name)")
        guard state == .running else { return pods.isEmpty }
        let daemons = try await nodes.kubectl.items(["get", "daemonsets"] + selector, object: "daemon sets")
        return daemons.allSatisfy { daemon in
            let application = daemon["metadata"]?["labels"]?["app"]
            let wanted = daemon["spec"]?["template"]?["spec"]?["nodeSelector"]?.objectValue ?? [:]
            guard wanted.allSatisfy({ node.labels[$0.key] == $0.value.stringValue }) else { return true }
            return pods.contains {
                $0["metadata"]?["labels"]?["app"] == application && $0["metadata"]?["deletionTimestamp"] == nil
                    && ClusterPod.isReady($0)
            }
        }
    }

    private func wait(for state: ClientState) async throws(StepError) {
        let reached = try await clock.poll(within: timeout, for: object) { () async throws(StepError) -> Bool? in
            try await isReached(state, on: nodes.node(name)) ? true : nil
        }
        guard reached == nil else { return }
        let wanted = state == .paused ? "gone" : "ready"
        throw StepError(
            .timedOut, "waited \(timeout) in vain for the GPU operator's pods to be \(wanted)", object: object,
            remedy: "look at them: kubectl get pods -n \(driver.namespace) -o wide; then resume the run")
    }
}
