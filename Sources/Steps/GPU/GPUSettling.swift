package import Workflow

/// `gpu.settle`: in a rollback, reboots a node where the old MIG mode of a GPU does not come back otherwise.
///
/// It stands before the steps that change the mode on an emptied node, as a rollback comes to it after it has undone
/// those. On the way forward it does nothing.
package struct GPUSettling: StepKind {
    package let name = "gpu.settle"
    package let summary = "Does nothing; a rollback reboots the node here where a GPU's MIG mode is still pending."
    package let reverting = Reverting.automatic
    package let parameters = Reboot.parameters + NvidiaSMI.parameters + ClusterAccess.parameters
    package let outputs = [Parameter("node", .string, "The node's name.")]

    private let care: NodeCare

    package init(_ care: NodeCare) {
        self.care = care
    }

    /// Never there already: else a rollback would pass over it.
    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation { .absent() }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        StepOutput(["node": .string(try input.string("node"))])
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let nodes = ClusterNodes(Kubectl(try care.access.overridden(by: input)))
        let driver = try NvidiaSMI(input, nodes.kubectl, node: try input.string("node"))
        guard let node = try await nodes.ifThere(driver.node) else { return [] }
        // A mark is that of an attempt which was cut off.
        let begun = node.annotations[Reboot.asked]
        if begun == nil, try await pending(driver, input).isEmpty { return [] }
        _ = try await Reboot(input, outOf: begun ?? node.bootID, care).carryOut(context)
        return try await pending(driver, input).map { "node/\(driver.node) \($0.uuid): MIG mode is still pending" }
    }

    /// The GPUs whose mode waits for a reset or reboot, once they can be asked.
    private func pending(_ driver: NvidiaSMI, _ input: StepInput) async throws(StepError) -> [GPU] {
        let limit = try input.duration("timeout") ?? .seconds(1800)
        let pod = try await care.clock.poll(within: limit, for: driver.object) {
            () async throws(StepError) -> String? in
            try await driver.pod()
        }
        guard pod != nil else { throw driver.noPod(.timedOut) }
        return try await driver.gpus().filter { $0.current != $0.pending }
    }
}
