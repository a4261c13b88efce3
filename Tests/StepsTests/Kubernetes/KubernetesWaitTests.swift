import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(3)))
struct KubernetesWaitTests {
    @Test("a rollout is waited for; creation, conditions, fields and deletion are seen")
    func goals() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(KubernetesWait(TestCluster.access()))
            func goal(_ goal: String, _ object: String = "web") -> [String: Value] {
                [
                    "kind": "deployment", "object": .string(object), "namespace": .string(namespace),
                    "for": .string(goal),
                    "timeout": "60s",
                ]
            }
            try await TestCluster.kubectl("create", "namespace", namespace)
            #expect(try await step.observe(goal("rollout")).isAbsent)
            #expect(try await step.observe(goal("delete")).isPresent)
            try await TestCluster.kubectl(
                "create", "deployment", "web", "-n", namespace, "--image=test-cluster/busybox:1", "--", "sleep", "600")
            _ = try await step.apply(goal("rollout"))
            for done in ["rollout", "create", "condition=Available", "jsonpath={.status.readyReplicas}=1"] {
                #expect(try await step.observe(goal(done)).isPresent, "\(done)")
            }
            #expect(try await step.observe(goal("delete")).isAbsent)
            #expect(try await step.observe(goal("jsonpath={.status.readyReplicas}=2")).isAbsent)
        }
    }

    @Test("a wait in vain names the pod, the container and the cause")
    func inVain() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(KubernetesWait(TestCluster.access()))
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl(
                "create", "deployment", "web", "-n", namespace, "--image=registry.invalid/none:1")
            let error = await #expect(throws: StepError.self) {
                _ = try await step.apply([
                    "kind": "deployment", "object": "web", "namespace": .string(namespace), "for": "rollout",
                    "timeout": "4s",
                ])
            }
            #expect(error?.kind == .timedOut)
            #expect(error?.message.contains("container 'none' cannot get its image 'registry.invalid/none:1'") == true)
        }
    }
}
