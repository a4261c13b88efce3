package import Workflow

/// `node.drain`: a node takes no new pods, and those it has are evicted.
///
/// A node that an operator has closed already is emptied all the same, and stays closed when the run is done with it.
package struct NodeDrain: StepKind {
    package let name = "node.drain"
    package let summary = "Closes a node to new pods and evicts those it has, within their disruption budgets."
    package let reverting = Reverting.automatic
    package let parameters = NodeUpkeep.parameters
    package let outputs = [
        Parameter("node", .string, "The node's name."),
        Parameter("cordoned", .boolean, "Whether this run has closed it, and is to open it again."),
    ]

    private let care: NodeCare

    package init(_ care: NodeCare) {
        self.care = care
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let upkeep = try NodeUpkeep(input, care, context)
        let node = try await upkeep.nodes.node(upkeep.name)
        guard node.isCordoned, try await upkeep.isEmpty() else { return .absent() }
        return .present(Self.output(upkeep, node))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let upkeep = try NodeUpkeep(input, care, context)
        try await upkeep.takeOutOfService(context)
        return Self.output(upkeep, try await upkeep.nodes.node(upkeep.name))
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await NodeUpkeep(input, care, context).uncordon()
        return []
    }

    private static func output(_ upkeep: NodeUpkeep, _ node: ClusterNode) -> StepOutput {
        StepOutput(["node": .string(node.name), "cordoned": .bool(upkeep.isOurs(node))])
    }
}
