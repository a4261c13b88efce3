import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .serialized, .timeLimit(.minutes(10)))
struct GPUClientsTests {
    private static let labels = ["device-plugin", "dcgm-exporter"].map { "nvidia.com/gpu.deploy.\($0)" }
    private let node: String

    init() async throws {
        node = try await TestCluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    }

    private func input(_ state: String, _ namespace: String) -> [String: Value] {
        [
            "node": .string(node), "state": .string(state), "namespace": .string(namespace), "timeout": "60s",
            "pods": ["nvidia-device-plugin-daemonset", "nvidia-driver-daemonset"],
        ]
    }

    private func pods(_ namespace: String) async throws -> Int {
        try await TestCluster.kubectl(
            "get", "pods", "-n", namespace, "--field-selector", "spec.nodeName=\(node)", "-o", "name"
        ).split(whereSeparator: \.isNewline).count
    }

    /// A namespace with the operator's daemons, and labels on the node that let them run.
    private func withDaemons(_ daemons: [String: String], _ body: (String) async throws -> Void) async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            let former = try await TestCluster.kubectl(
                "get", "node", node, "-o", "jsonpath={.metadata.labels.nvidia\\.com/gpu\\.deploy\\.device-plugin}")
            try await TestCluster.kubectl(
                "label", "--overwrite", "node", node, "\(Self.labels[0])=true", "\(Self.labels[1])=false")
            for (application, component) in daemons {
                try await TestCluster.kubectl(
                    "apply", "-f", "-",
                    input: """
                        apiVersion: apps/v1
                        kind: DaemonSet
                        metadata: {name: \(application), namespace: \(namespace), labels: {app: \(application)}}
                        spec:
                          selector: {matchLabels: {app: \(application)}}
                          template:
                            metadata: {labels: {app: \(application)}}
                            spec:
                              terminationGracePeriodSeconds: 1
                              nodeSelector: {\(component)}
                              containers: [{name: main, image: "test-cluster/busybox:1"}]
                        """)
                try await TestCluster.kubectl(
                    "rollout", "status", "daemonset/\(application)", "-n", namespace, "--timeout=60s")
            }
            do {
                try await body(namespace)
            } catch {
                try await clean(former)
                throw error
            }
            try await clean(former)
        }
    }

    private func clean(_ former: String) async throws {
        let label = former.isEmpty ? "\(Self.labels[0])-" : "\(Self.labels[0])=\(former)"
        try await TestCluster.kubectl("label", "--overwrite", "node", node, label, "\(Self.labels[1])-")
    }

    @Test("daemons that use GPUs go and come back; what an operator has switched off stays off")
    func life() async throws {
        let daemons = [
            "nvidia-device-plugin-daemonset": "\(Self.labels[0]): \"true\"",
            "nvidia-driver-daemonset": "kubernetes.io/hostname: \(node)",
        ]
        try await withDaemons(daemons) { namespace in
            let step = try StepUnderTest(GPUClients(TestCluster.access(), clock: ContinuousClock()))
            let (output, prior) = try await step.run(input("paused", namespace))
            #expect(output.values["components"]?.arrayValue?.contains("device-plugin") == true)
            #expect(output.values["components"]?.arrayValue?.contains("dcgm-exporter") == false)
            #expect(try await pods(namespace) == 1)
            #expect(try await step.observe(input("paused", namespace)).isPresent)

            let (_, resumed) = try await step.run(input("running", namespace))
            #expect(try await pods(namespace) == 2)
            #expect(try await step.observe(input("running", namespace)).isPresent)
            #expect(try await step.revert(input("running", namespace), prior: resumed) == [])
            #expect(try await pods(namespace) == 1)
            #expect(try await step.revert(input("paused", namespace), prior: prior) == [])
            #expect(try await pods(namespace) == 2)
            #expect(
                try await TestCluster.kubectl(
                    "get", "node", node, "-o", "jsonpath={.metadata.labels.nvidia\\.com/gpu\\.deploy\\.dcgm-exporter}")
                    == "false")
        }
    }

    @Test("the device plugin goes on where nvidia-smi can be run nowhere else")
    func withoutDriver() async throws {
        try await withDaemons(["nvidia-device-plugin-daemonset": "\(Self.labels[0]): \"true\""]) { namespace in
            let step = try StepUnderTest(GPUClients(TestCluster.access(), clock: ContinuousClock()))
            _ = try await step.apply(input("paused", namespace))
            #expect(try await pods(namespace) == 1)
            #expect(step.log.contains { $0.contains("device plugin's pod alone") })
        }
    }
}
