import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(3)))
struct KubernetesLabelTests {
    @Test("labels are set, other values refused without `overwrite`, and the former ones put back")
    func life() async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl("label", "namespace", namespace, "zone=old")
            let step = try StepUnderTest(KubernetesLabel(TestCluster.access()))
            var input: [String: Value] = [
                "kind": "namespace", "object": .string(namespace),
                "labels": ["zone": "new", "cdmo.clear.ml/gpu-partitioning": "mig"],
            ]
            let first = try await step.observe(input)
            #expect(
                first.changes == [
                    Change(
                        "namespace/\(namespace) metadata.labels[cdmo.clear.ml/gpu-partitioning]", from: nil, to: "mig"),
                    Change("namespace/\(namespace) metadata.labels[zone]", from: "old", to: "new"),
                ])
            let error = await #expect(throws: StepError.self) { _ = try await step.apply(input, prior: first.prior) }
            #expect(error?.kind == .conflict)
            input["overwrite"] = true
            _ = try await step.apply(input, prior: first.prior)
            #expect(try await step.observe(input).isPresent)
            #expect(try await step.revert(input, prior: first.prior) == [])
            let zone = try await TestCluster.kubectl("get", "namespace", namespace, "-o", "jsonpath={.metadata.labels}")
            #expect(try Value(json: zone)["zone"] == "old")
            #expect(try Value(json: zone)["cdmo.clear.ml/gpu-partitioning"] == nil)
        }
    }

    @Test("an object that is not there is a permanent error")
    func missing() async throws {
        let step = try StepUnderTest(KubernetesLabel(TestCluster.access()))
        let error = await #expect(throws: StepError.self) {
            _ = try await step.observe(["object": "no-such-node", "labels": ["a": "b"]])
        }
        #expect(error?.kind == .permanent)
        #expect(error?.object == "node/no-such-node")
    }
}
