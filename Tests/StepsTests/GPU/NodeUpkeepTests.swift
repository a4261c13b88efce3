import Foundation
import Steps
import Testing
import Workflow

/// A node of a real cluster, taken out of service and back. With one node only, what was evicted waits until the end.
@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .serialized, .timeLimit(.minutes(10)))
struct NodeUpkeepTests {
    private let node: String

    init() async throws {
        node = try await TestCluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    }

    private func care() throws -> NodeCare {
        NodeCare(try TestCluster.access(), NodeGuard(ownBootID: "elsewhere"), clock: ContinuousClock())
    }
    private func drain() throws -> StepUnderTest {
        try StepUnderTest(NodeDrain(care()))
    }
    private func uncordon() throws -> StepUnderTest {
        try StepUnderTest(NodeUncordon(care()))
    }

    private func input(_ more: [String: Value] = [:]) -> [String: Value] {
        ["node": .string(node), "approved": true, "timeout": "60s"].merging(more) { $1 }
    }

    private var isOpen: Bool {
        get async throws {
            let spec = try await TestCluster.kubectl(
                "get", "node", node, "-o", "jsonpath={.spec.unschedulable}{.metadata.annotations.runner/cordoned-by}")
            return ["", "false"].contains(spec)
        }
    }

    private func open() async throws {
        try await TestCluster.kubectl("uncordon", node)
        try await TestCluster.kubectl("annotate", "node", node, "runner/cordoned-by-")
    }

    /// A namespace with pods that a Deployment keeps up; the node is open again afterwards.
    private func withPods(_ body: (String) async throws -> Void) async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl(
                "create", "deployment", "web", "-n", namespace, "--image=test-cluster/busybox:1", "--", "sh", "-c",
                "trap 'exit 0' TERM; while :; do sleep 86400 & wait $!; done")
            try await TestCluster.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
            do {
                try await body(namespace)
            } catch {
                try await open()
                throw error
            }
            try await open()
        }
    }

    @Test("a node is emptied and opened again; each revert undoes its step, and knows whose cordon it is")
    func life() async throws {
        try await withPods { namespace in
            let (drain, uncordon) = (try drain(), try uncordon())
            #expect(try await drain.observe(input()).isAbsent)
            let (output, _) = try await drain.run(input())
            #expect(output.values["cordoned"] == true)
            #expect(try await drain.observe(input()).isPresent)
            #expect(
                try await TestCluster.kubectl(
                    "get", "pods", "-n", namespace, "--field-selector", "spec.nodeName=\(node)", "-o", "name") == "")
            let (opened, prior) = try await uncordon.run(input())
            #expect(opened.values["schedulable"] == true)
            #expect(try await isOpen)
            #expect(try await uncordon.observe(input()).isPresent)
            #expect(try await uncordon.revert(input(), prior: prior) == [])
            #expect(try await drain.observe(input()).isPresent)
            #expect(try await drain.revert(input(), prior: nil) == [])
            #expect(try await isOpen)
        }
    }

    @Test("a node that an operator has closed stays closed")
    func foreignCordon() async throws {
        try await withPods { _ in
            try await TestCluster.kubectl("cordon", node)
            let (output, _) = try await drain().run(input())
            #expect(output.values["cordoned"] == false)
            guard case .present(let found) = try await uncordon().observe(input()) else {
                Issue.record("somebody else's cordon is taken for ours")
                return
            }
            #expect(found.values["schedulable"] == false)
            #expect(try await drain().revert(input(), prior: nil) == [])
            #expect(try await !isOpen)
        }
    }

    @Test("a node that somebody has opened by hand is closed again, and its mark taken off in the end")
    func openedByHand() async throws {
        try await withPods { _ in
            _ = try await drain().run(input())
            try await TestCluster.kubectl("uncordon", node)
            let (output, _) = try await drain().run(input())
            #expect(output.values["cordoned"] == true)
            try await TestCluster.kubectl("uncordon", node)
            _ = try await uncordon().run(input())
            #expect(try await isOpen)
        }
    }

    @Test("a disruption budget is kept: the error names the pod, and a revert opens the node")
    func budget() async throws {
        try await withPods { namespace in
            try await TestCluster.kubectl(
                "apply", "-f", "-",
                input: """
                    apiVersion: policy/v1beta1
                    kind: PodDisruptionBudget
                    metadata: {name: web, namespace: \(namespace)}
                    spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
                    """)
            let error = await #expect(throws: StepError.self) {
                _ = try await drain().run(input(["timeout": "8s"]))
            }
            #expect(error?.kind == .timedOut)
            #expect(error?.message.contains("pod \(namespace)/web-") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("disruption budget") == true)
            #expect(try await drain().revert(input(), prior: nil) == [])
            #expect(try await isOpen)
        }
    }

    @Test("pods that nothing creates anew are not deleted unless that is asked for")
    func barePods() async throws {
        try await withPods { namespace in
            try await TestCluster.kubectl(
                "run", "bare", "-n", namespace, "--image=test-cluster/busybox:1", "--overrides",
                #"{"spec":{"terminationGracePeriodSeconds":1}}"#)
            try await TestCluster.kubectl("wait", "pod/bare", "-n", namespace, "--for=condition=Ready", "--timeout=60s")
            let error = await #expect(throws: StepError.self) { _ = try await drain().run(input()) }
            #expect(error?.kind == .permanent)
            #expect(error?.message.contains("bare") == true)
            _ = try await drain().run(input(["force": true]))
            #expect(try await TestCluster.kubectl("get", "pod", "bare", "-n", namespace, "--ignore-not-found") == "")
        }
    }

    @Test("the only node that takes pods is not even closed without approval")
    func unapproved() async throws {
        let nodes = try await TestCluster.kubectl("get", "nodes", "-o", "name").split(whereSeparator: \.isNewline)
        guard nodes.count == 1 else { return }
        let error = await #expect(throws: StepError.self) {
            _ = try await drain().run(input(["approved": false]))
        }
        #expect(error?.kind == .permanent)
        #expect(error?.message.contains("only node") == true)
        #expect(try await isOpen)
    }
}
