import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(20)))
struct KubernetesScaleTests {
    private static let manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: agent, annotations: { meta.helm.sh/release-name: agent } }
        spec:
          replicas: 2
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec:
              # Nowhere: it is counted, and never started.
              nodeSelector: { no-such: node }
              containers: [{ name: agent, image: none }]
        """

    private func replicas(_ namespace: String) async throws -> String {
        try await TestCluster.kubectl("get", "deployment", "agent", "-n", namespace, "-o", "jsonpath={.spec.replicas}")
    }

    @Test("what is stopped remembers how much of it there was, and a rollback brings that back")
    func stop() async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl("apply", "-n", namespace, "-f", "-", input: Self.manifest)
            let step = try StepUnderTest(KubernetesScale(TestCluster.access()))
            let stop: [String: Value] = ["release": "agent", "namespace": .string(namespace), "state": "stopped"]
            let seen = try await step.observe(stop)
            #expect(seen.changes == [Change("deployment/agent spec.replicas", from: 2, to: 0)])
            let output = try await step.apply(stop, prior: seen.prior)
            #expect(try await replicas(namespace) == "0")
            #expect(output.values["replicas"] == ["agent": 2])
            #expect(try await step.observe(stop).isPresent)

            // Another run knows how many there were.
            let start = stop.merging(["state": "running", "timeout": "1s"]) { $1 }
            let stopped = try await step.observe(start)
            #expect(stopped.changes == [Change("deployment/agent spec.replicas", from: 0, to: 2)])
            // Its pods cannot be ready, so the wait ends in vain; what it waits for is done.
            await #expect(throws: StepError.self) { _ = try await step.apply(start, prior: stopped.prior) }
            #expect(try await replicas(namespace) == "2")
            #expect(try await step.revert(start, prior: stopped.prior) == [])
            #expect(try await replicas(namespace) == "0")
            #expect(try await step.revert(stop, prior: seen.prior) == [])
            #expect(try await replicas(namespace) == "2")
        }
    }

    @Test("a release that has none is an error")
    func missing() async throws {
        let step = try StepUnderTest(KubernetesScale(TestCluster.access()))
        let error = await #expect(throws: StepError.self) {
            _ = try await step.observe(["release": "none", "namespace": "default", "state": "stopped"])
        }
        #expect(error?.kind == .permanent)
    }
}
