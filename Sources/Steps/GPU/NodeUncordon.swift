package import Workflow

/// `node.uncordon`: a node takes pods again, if it was this run that had closed it.
///
/// Its revert closes and empties the node anew: what a rollback still has to undo on the node was done on an empty one.
package struct NodeUncordon: StepKind {
    package let name = "node.uncordon"
    package let summary = "Opens a node to pods again, where this run has closed it."
    package let reverting = Reverting.automatic
    package let parameters = NodeUpkeep.parameters
    package let outputs = [
        Parameter("node", .string, "The node's name."),
        Parameter("schedulable", .boolean, "Whether it takes pods: not, where somebody else has closed it."),
    ]

    private let care: NodeCare

    package init(_ care: NodeCare) {
        self.care = care
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let upkeep = try NodeUpkeep(input, care, context)
        let node = try await upkeep.nodes.node(upkeep.name)
        return upkeep.isMarked(node) ? .absent(prior: ["closed": true]) : .present(Self.output(node))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let upkeep = try NodeUpkeep(input, care, context)
        try await upkeep.uncordon()
        let node = try await upkeep.nodes.node(upkeep.name)
        if node.isCordoned { context.log(.note, "somebody else has closed node \(node.name), so it stays closed") }
        return Self.output(node)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard prior?["closed"]?.boolValue == true else { return [] }
        let upkeep = try NodeUpkeep(input, care, context)
        guard try await upkeep.nodes.ifThere(upkeep.name) != nil else { return [] }
        try await upkeep.takeOutOfService(context)
        return []
    }

    private static func output(_ node: ClusterNode) -> StepOutput {
        StepOutput(["node": .string(node.name), "schedulable": .bool(!node.isCordoned)])
    }
}
