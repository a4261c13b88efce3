import Steps
import Testing
import Workflow

struct NodeGuardTests {
    private let guardian = NodeGuard(ownBootID: "own")

    private func node(
        _ name: String, boot: String = "other", labels: [String: Value] = [:], isReady: Bool = true,
        isCordoned: Bool = false
    ) -> ClusterNode {
        ClusterNode([
            "metadata": ["name": .string(name), "labels": .object(labels)],
            "spec": ["unschedulable": .bool(isCordoned)],
            "status": [
                "nodeInfo": ["bootID": .string(boot)],
                "conditions": [["type": "Ready", "status": isReady ? "True" : "False"]],
            ],
        ])
    }

    @Test("the machine this program runs on is never touched, approved or not", arguments: [true, false])
    func own(isApproved: Bool) {
        let nodes = [node("a", boot: "own"), node("b")]
        let error = #expect(throws: StepError.self) {
            try guardian.check(nodes[0], among: nodes, isApproved: isApproved, to: "rebooted")
        }
        #expect(error?.kind == .permanent)
        #expect(error?.message.contains("this program runs on the node") == true)
    }

    @Test("a node like others needs nobody's consent")
    func plain() throws {
        let nodes = [node("a"), node("b")]
        #expect(guardian.reservation(about: nodes[0], among: nodes) == nil)
        try guardian.check(nodes[0], among: nodes, isApproved: false, to: "rebooted")
    }

    @Test(
        "control-plane nodes and the only node that takes pods need it",
        arguments: [
            ["node-role.kubernetes.io/control-plane": ""], ["node-role.kubernetes.io/master": "true"], [:],
        ] as [[String: Value]])
    func reserved(labels: [String: Value]) throws {
        let nodes = [
            node("a", labels: labels), node("down", isReady: false), node("closed", isCordoned: true),
        ]
        #expect(guardian.reservation(about: nodes[0], among: nodes) != nil)
        #expect(throws: StepError.self) {
            try guardian.check(nodes[0], among: nodes, isApproved: false, to: "rebooted")
        }
        try guardian.check(nodes[0], among: nodes, isApproved: true, to: "rebooted")
    }
}
