package import Workflow

/// Which nodes must not be emptied or rebooted, or only where somebody has agreed to it.
package struct NodeGuard: Sendable {
    /// The boot id of the machine this program runs on, be it in a pod or not: the kernel's, so it is the node's.
    private let ownBootID: String

    package init(ownBootID: String) {
        self.ownBootID = ownBootID
    }

    package static let parameters = [
        Parameter(
            "approved", .boolean, default: false,
            "Somebody has agreed; without it, a control-plane node and the only node that takes pods are refused.")
    ]

    /// Why the node is not touched without somebody's consent; nil where it is a node like others.
    package func reservation(about node: ClusterNode, among nodes: [ClusterNode]) -> String? {
        if node.isControlPlane { return "it belongs to the control plane" }
        if !nodes.contains(where: { $0.name != node.name && $0.isReady && !$0.isCordoned }) {
            return "it is the only node that takes pods"
        }
        return nil
    }

    /// - Throws: Where the node must be left alone.
    package func check(
        _ node: ClusterNode, among nodes: [ClusterNode], isApproved: Bool, to purpose: String
    ) throws(StepError) {
        if !ownBootID.isEmpty, node.bootID == ownBootID {
            throw StepError(
                .permanent, "this program runs on the node, and would end with it: it is not \(purpose)",
                object: "node/\(node.name)",
                remedy: "resume the run from another machine (with the same database and key), or do this node by hand")
        }
        guard !isApproved, let reason = reservation(about: node, among: nodes) else { return }
        throw StepError(
            .permanent, "\(reason): without approval it is not \(purpose)", object: "node/\(node.name)",
            remedy: "let an approval step come first, and pass its `approved` to this one")
    }
}
