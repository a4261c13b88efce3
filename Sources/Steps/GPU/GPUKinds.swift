package import Workflow

extension ClusterAccess {
    /// The step kinds of this folder.
    ///
    /// - Parameters:
    ///   - ownBootID: The boot id of the machine this program runs on, so that it is never rebooted by itself.
    ///   - clock: Measures waits.
    package func gpuKinds(ownBootID: String, clock: any Clock<Duration>) -> [any StepKind] {
        let care = NodeCare(self, NodeGuard(ownBootID: ownBootID), clock: clock)
        return [
            GPUNodes(care), GPUClients(self, clock: clock), GPUPartitioning(self), GPUResources(self),
            GPUSettling(care), NodeDrain(care), NodeReboot(care), NodeUncordon(care),
        ]
    }
}
