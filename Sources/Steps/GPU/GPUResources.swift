package import Workflow

/// `gpu.resources`: whether some node offers what queues ask for. Only reads.
///
/// A resource that no node offers is no error to Kubernetes: pods that ask for it wait for ever. The profiles of one model
/// of GPU are not those of another, so names that were copied from an example are wrong more often than not.
package struct GPUResources: CheckingStepKind {
    package let name = "gpu.resources"
    package let summary = "Checks that nodes offer the GPU resources that queues ask for."
    package let parameters =
        [
            Parameter(
                "queues", .map(.any), default: [:],
                "Queues as in the agent chart's `agentk8sglue.queues`: what they ask for is under "
                    + "`templateOverrides.resources`."),
            Parameter("resources", .array(.string), default: [], "More resources, such as `nvidia.com/mig-3g.20gb`."),
            Parameter(
                "partitioned", .string, default: "cdmo.clear.ml/gpu-partitioning=mig",
                "Label of nodes whose GPUs are divided on demand, so that their profiles need not be offered yet."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("resources", .array(.string), "What is asked for."),
        Parameter("models", .array(.string), "The models of GPU that are divided on demand."),
        Parameter(
            "fractions", .map(.string),
            "The largest resources of which one, two and four fit on a GPU, as `1.00`, `0.50` and `0.25`; empty unless "
                + "all nodes have the same model."),
        Parameter("warnings", .array(.string), "What is worth a look, and no reason to stop."),
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let nodes = try await ClusterNodes(Kubectl(try access.overridden(by: input))).all()
        let offer = GPUOffer(nodes, partitioned: try input.string("partitioned"))
        var wanted: [String: Set<String>] = [:]
        for resource in try input.strings("resources") { wanted[resource, default: []] = [] }
        for (queue, value) in try input.object("queues") {
            let resources = value["templateOverrides"]?["resources"]
            for part in ["limits", "requests"] {
                for resource in (resources?[part]?.objectValue ?? [:]).keys {
                    wanted[resource, default: []].insert(queue)
                }
            }
        }
        let faults = offer.faults(in: wanted)
        for warning in faults.warnings { context.log(.note, warning) }
        guard faults.errors.isEmpty else {
            throw StepError(
                .permanent, (["no node offers what is asked for:"] + faults.errors).joined(separator: "\n  "),
                object: "queues",
                remedy: "ask for resources that the GPUs have, or enable MIG on the nodes that are meant and label them"
            )
        }
        return StepOutput([
            "resources": .array(wanted.keys.sorted().map { .string($0) }),
            "models": .array(offer.models.map { .string($0.name) }),
            "fractions": .object(offer.fractions.mapValues { .string($0) }),
            "warnings": .array(faults.warnings.map { .string($0) }),
        ])
    }
}

/// What nodes offer, or can offer once their GPUs are divided.
package struct GPUOffer {
    /// Of nodes whose GPUs are divided on demand; by name, each once.
    package let models: [GPUModel]
    /// Products, of nodes whose GPUs are divided on demand, of which it is not known into what.
    private let strangers: [String]
    private let offered: Set<String>

    package init(_ nodes: [ClusterNode], partitioned label: String) {
        let parts = label.split(separator: "=", maxSplits: 1).map(String.init)
        let (name, value) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        let products = nodes.filter { $0.labels[name] == value }.compactMap { $0.labels["nvidia.com/gpu.product"] }
        models = Set(products.compactMap(GPUModel.init)).sorted { $0.name < $1.name }
        strangers = Set(products.filter { GPUModel(product: $0) == nil && GPUFamily(product: $0) != nil }).sorted()
        offered = Set(
            nodes.flatMap { node in
                node.offers.filter { (Quantity($0.value)?.amount ?? 0) > 0 }.map(\.key)
            })
    }

    package var fractions: [String: String] {
        guard models.count == 1, strangers.isEmpty, let model = models.first else { return [:] }
        var fractions: [String: String] = [:]
        for (name, count) in [("1.00", 1), ("0.50", 2), ("0.25", 4)] {
            if let resource = model.resource(fitting: count) { fractions[name] = resource }
        }
        return fractions
    }

    /// - Parameter wanted: Resources, each with the queues that ask for it.
    package func faults(in wanted: [String: Set<String>]) -> (errors: [String], warnings: [String]) {
        var errors: [String] = []
        var warnings: [String] = []
        for (resource, queues) in wanted.sorted(by: { $0.key < $1.key }) where !offered.contains(resource) {
            if models.contains(where: { $0.count(of: resource) != nil }) { continue }
            let who = queues.isEmpty ? "" : " (queue \(queues.sorted().joined(separator: ", ")))"
            if resource.hasPrefix(GPUModel.resource("")), !strangers.isEmpty {
                warnings.append(
                    "no node offers \(resource)\(who) yet, and it is not known whether \(strangers.joined(separator: ", ")) "
                        + "can be divided so: see 'nvidia-smi mig -lgip'")
            } else if resource.hasPrefix("nvidia.com/") {
                errors.append("\(resource)\(who)\(alternatives(to: resource))")
            } else {
                // An operator may know it that no node shows, as the Dynamic MIG Operator does `clear.ml/fraction-1`.
                warnings.append("no node shows \(resource)\(who): pods that ask for it may wait for ever")
            }
        }
        return (errors, warnings)
    }

    private func alternatives(to resource: String) -> String {
        if resource.hasPrefix(GPUModel.resource("")), !models.isEmpty {
            return models.map { model in
                let names = model.profiles.sorted { $0.value < $1.value }.map { GPUModel.resource($0.key) }
                return "; \(model.name) has \(names.joined(separator: ", "))"
            }.joined()
        }
        let others = offered.filter { $0.hasPrefix("nvidia.com/") }.sorted()
        return others.isEmpty ? "; no node shows a GPU" : "; there is \(others.joined(separator: ", "))"
    }
}
