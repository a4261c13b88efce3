package import Workflow

extension ClusterAccess {
    /// The step kinds of this folder.
    ///
    /// - Parameters:
    ///   - ownBootID: The boot id of the machine this program runs on, so that it is never rebooted by itself.
    ///   - clock: Measures waits.
    package func gpuKinds(ownBootID: String, clock: any Clock<Duration>) -> [any StepKind] {
        let guardian = NodeGuard(ownBootID: ownBootID)
        return [
            GPUNodes(self, guardian, clock: clock), GPUClients(self, clock: clock), GPUPartitioning(self),
            GPUResources(self), GPUSettling(self, guardian, clock: clock), NodeDrain(self, guardian, clock: clock),
            NodeReboot(self, guardian, clock: clock),
            NodeUncordon(self, guardian, clock: clock),
        ]
    }
}
