package import Workflow

/// `node.reboot`: reboots a node by a command of the operator's, once.
package struct NodeReboot: StepKind {
    package let name = "node.reboot"
    package let summary = "Reboots a node by a command, and waits until it is ready with another boot id."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter(
                "boot_id", .string, required: true,
                "The node's boot id before; where it has another one already, it is not rebooted again.")
        ] + Reboot.parameters + ClusterAccess.parameters
    package let outputs = [
        Parameter("node", .string, "The node's name."),
        Parameter("boot_id", .string, "The boot id it has now."),
    ]

    private let care: NodeCare

    package init(_ care: NodeCare) {
        self.care = care
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let reboot = try reboot(input)
        let node = try await reboot.nodes.node(reboot.name)
        return reboot.isDone(node) ? .present(Self.output(node)) : .absent()
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        Self.output(try await reboot(input).carryOut(context))
    }

    /// What a reboot did cannot be undone, and needs no undoing.
    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let reboot = try reboot(input)
        guard let node = try await reboot.nodes.ifThere(reboot.name), node.annotations[Reboot.asked] != nil else {
            return []
        }
        try await reboot.forget(in: node)
        return node.bootID == reboot.bootID
            ? ["\(reboot.object): a reboot was asked for, and the node may still go down"] : []
    }

    private func reboot(_ input: StepInput) throws(StepError) -> Reboot {
        try Reboot(input, outOf: try input.string("boot_id"), care)
    }

    private static func output(_ node: ClusterNode) -> StepOutput {
        StepOutput(["node": .string(node.name), "boot_id": .string(node.bootID)])
    }
}
