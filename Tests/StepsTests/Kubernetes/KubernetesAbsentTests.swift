import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(20)))
struct KubernetesAbsentTests {
    @Test("objects are deleted by name, others stay, and a namespace goes when it is empty")
    func life() async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            for name in ["one", "two"] {
                try await TestCluster.kubectl("create", "configmap", name, "-n", namespace)
            }
            let step = try StepUnderTest(KubernetesAbsent(TestCluster.access()))
            let place = try StepUnderTest(KubernetesNamespaceAbsent(TestCluster.access()))
            func input(_ names: [Value]) -> [String: Value] {
                ["kind": "configmap", "names": .array(names), "namespace": .string(namespace)]
            }
            let home: [String: Value] = ["namespace": .string(namespace)]
            #expect(try await step.observe(input([])).isPresent)
            #expect(
                try await step.run(input(["one", "three"])).output.values["deleted"] == ["configmap/one"])
            #expect(try await step.observe(input(["one", "three"])).isPresent)
            guard case .present(let output) = try await place.observe(home) else {
                Issue.record("it holds something")
                return
            }
            #expect(output.values["left"]?[0]?.stringValue?.contains("ConfigMap/two") == true)
            _ = try await step.run(input(["two"]))
            #expect(try await place.run(home).output.values["left"] == [])
            #expect(try await place.observe(home).isPresent)
        }
    }

    @Test("a namespace with the label goes with what it holds, and one with another value of it does not")
    func marked() async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl("create", "configmap", "one", "-n", namespace)
            let place = try StepUnderTest(KubernetesNamespaceAbsent(TestCluster.access()))
            let marked: [String: Value] = ["namespace": .string(namespace), "label": "runner/tenant=acme"]
            try await TestCluster.kubectl("label", "namespace", namespace, "runner/tenant=acme2")
            #expect(
                try await place.run(marked).output.values["left"]?[0]?.stringValue?.contains("ConfigMap/one") == true)
            try await TestCluster.kubectl("label", "namespace", namespace, "runner/tenant=acme", "--overwrite")
            #expect(try await place.run(marked).output.values["left"] == [])
            #expect(try await place.observe(marked).isPresent)
        }
    }

    @Test("of a kind that the cluster does not know there is nothing; Kubernetes' own namespaces are refused")
    func edges() async throws {
        let step = try StepUnderTest(KubernetesAbsent(TestCluster.access()))
        #expect(try await step.observe(["kind": "no-such-things", "names": ["a"]]).isPresent)
        let place = try StepUnderTest(KubernetesNamespaceAbsent(TestCluster.access()))
        let error = await #expect(throws: StepError.self) { _ = try await place.observe(["namespace": "kube-system"]) }
        #expect(error?.kind == .permanent)
    }
}
