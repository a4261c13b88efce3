package import Workflow

/// `gpu.nodes`: which nodes have GPUs, which GPUs these are, and in what MIG mode. Only reads.
package struct GPUNodes: ReadingStepKind {
    package let name = "gpu.nodes"
    package let summary = "Finds the nodes with GPUs, and each GPU with its MIG mode."
    package let parameters =
        [
            Parameter("nodes", .array(.string), "Only these nodes; without it, all that the selector finds."),
            Parameter("gpus", .array(.string), "Only GPUs with these UUIDs; without it, all."),
            Parameter(
                "selector", .string, default: "nvidia.com/gpu.present=true", "Labels that nodes with GPUs carry."),
            Parameter(
                "timeout", .duration, default: "15m", "Longest wait for the pods that can ask the GPUs."),
        ] + NvidiaSMI.parameters + ClusterAccess.parameters
    package let outputs = [
        Parameter("nodes", .array(.string), "The names of nodes with GPUs that know MIG."),
        Parameter(
            "details",
            .array(
                .object([
                    Parameter("name", .string, "The node's name."),
                    Parameter("boot_id", .string, "Its boot id."),
                    Parameter(
                        "reservation", .string, "Why it must not be emptied without approval; null where it may be."),
                    Parameter("gpus", .integer, "How many of its GPUs know MIG."),
                ])), "What matters of each of these nodes, in the same order."),
        Parameter(
            "gpus",
            .array(
                .object([
                    Parameter("node", .string, "The node's name."),
                    Parameter("uuid", .string, "What the GPU is known by."),
                    Parameter("index", .integer, "Its number in the node, which a reboot may change."),
                    Parameter("name", .string, "Its product name."),
                    Parameter("current", .string, "MIG mode: `enabled` or `disabled`."),
                    Parameter("pending", .string, "The mode after the next reset or reboot."),
                ])), "The GPUs of all these nodes that know MIG, one after the other: for a `for_each`."),
        Parameter(
            "context", .string,
            "The kubeconfig's context, for the `context` of the steps after: another one may be current by then. Null "
                + "without a kubeconfig."),
        Parameter("warnings", .array(.string), "What is worth a look, and no reason to stop."),
    ]

    private let care: NodeCare

    package init(_ care: NodeCare) {
        self.care = care
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        // While pods are still to come, `apply` waits for them.
        guard case .found(let output) = try await look(input, context) else { return .absent() }
        return .present(output)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let limit = try input.duration("timeout") ?? .seconds(900)
        var mute: NvidiaSMI?
        let found = try await care.clock.poll(within: limit, for: "nodes") {
            () async throws(StepError) -> StepOutput? in
            switch try await look(input, context) {
            case .found(let output): return output
            case .mute(let node):
                mute = node
                return nil
            }
        }
        if let found { return found }
        throw mute?.noPod(.timedOut) ?? StepError(.timedOut, "waited \(limit) in vain for the nodes' GPUs")
    }

    private enum Look {
        case found(StepOutput)
        /// No pod of this node can be asked yet.
        case mute(NvidiaSMI)
    }

    private func look(_ input: StepInput, _ context: StepContext) async throws(StepError) -> Look {
        let kubectl = Kubectl(try care.access.overridden(by: input))
        let all = try await ClusterNodes(kubectl).all()
        var report = GPUReport(wanted: try input.strings("gpus"), context: try await kubectl.context())
        for node in try await chosen(input, all, kubectl) {
            let driver = try NvidiaSMI(input, kubectl, node: node.name)
            guard try await driver.pod() != nil else { return .mute(driver) }
            report.add(
                try await driver.gpus(), of: node, reservation: care.guardian.reservation(about: node, among: all))
        }
        try report.check(isChoice: try !input.strings("nodes").isEmpty)
        for warning in report.warnings { context.log(.note, warning) }
        return .found(report.output)
    }

    private func chosen(
        _ input: StepInput, _ all: [ClusterNode], _ kubectl: Kubectl
    ) async throws(StepError) -> [ClusterNode] {
        let names = try input.strings("nodes")
        guard !names.isEmpty else {
            return try await ClusterNodes(kubectl).all(selector: try input.string("selector"))
        }
        let missing = names.filter { name in !all.contains { $0.name == name } }
        guard missing.isEmpty else {
            throw StepError(
                .permanent, "there is no node \(missing.joined(separator: ", "))", object: "nodes",
                remedy: "the cluster has \(all.map(\.name).joined(separator: ", "))")
        }
        return all.filter { names.contains($0.name) }
    }
}

/// Gathers what is found, node by node.
struct GPUReport {
    /// UUIDs; empty: all GPUs.
    let wanted: [String]
    /// The kubeconfig's.
    let context: String?
    private var details: [Value] = []
    private var gpus: [Value] = []
    private var seen: Set<String> = []
    private(set) var warnings: [String] = []

    init(wanted: [String], context: String?) {
        self.wanted = wanted
        self.context = context
    }

    mutating func add(_ found: [GPU], of node: ClusterNode, reservation: String?) {
        let chosen = found.filter { wanted.isEmpty || wanted.contains($0.uuid) }.sorted { $0.index < $1.index }
        var count = 0
        for gpu in chosen {
            seen.insert(gpu.uuid)
            guard let current = gpu.current, let pending = gpu.pending else {
                warnings.append("node \(node.name): GPU \(gpu.index) (\(gpu.name)) knows no MIG, and is left out")
                continue
            }
            count += 1
            gpus.append([
                "node": .string(node.name), "uuid": .string(gpu.uuid), "index": .integer(gpu.index),
                "name": .string(gpu.name), "current": .string(current.rawValue), "pending": .string(pending.rawValue),
            ])
        }
        details.append([
            "name": .string(node.name), "boot_id": .string(node.bootID),
            "reservation": reservation.map { .string($0) } ?? .null, "gpus": .integer(count),
        ])
    }

    /// - Parameter isChoice: Whether the nodes were named, so that one without a GPU is a mistake.
    func check(isChoice: Bool) throws(StepError) {
        let missing = wanted.filter { !seen.contains($0) }
        guard missing.isEmpty else {
            throw StepError(
                .permanent, "no GPU \(missing.joined(separator: ", "))", object: "gpus",
                remedy: "'nvidia-smi -L' lists the UUIDs of a node")
        }
        guard isChoice else { return }
        for node in details where node["gpus"] == 0 {
            throw StepError(
                .permanent, "the node has no GPU that knows MIG", object: "node/\(node["name"]?.stringValue ?? "")",
                remedy: "leave the node out")
        }
    }

    var output: StepOutput {
        let details = details.filter { $0["gpus"] != 0 }
        return StepOutput([
            "nodes": .array(details.compactMap { $0["name"] }), "details": .array(details), "gpus": .array(gpus),
            "context": context.map { .string($0) } ?? .null, "warnings": .array(warnings.map { .string($0) }),
        ])
    }
}
