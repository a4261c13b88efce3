import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(3)))
struct KubernetesApplyTests {
    func settings(_ data: [String: Value], name: String = "settings") -> Value {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": .object(data)]
    }

    @Test("created, seen as present, changed by hand and brought back, and gone after the revert")
    func life() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(KubernetesApply(TestCluster.access()))
            let policy: Value = [
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": ["name": "deny"],
                "spec": [
                    "podSelector": [:], "policyTypes": ["Ingress"],
                    "ingress": [["from": [["podSelector": [:]]], "ports": [["port": 8008]]]],
                ],
            ]
            var input: [String: Value] = [
                "manifests": [settings(["colour": "blue"]), policy], "namespace": .string(namespace),
                "create_namespace": true,
            ]
            let first = try await step.observe(input)
            #expect(first.isAbsent)
            let output = try await step.apply(input, prior: first.prior)
            #expect(output.values["objects"] == ["ConfigMap settings", "NetworkPolicy deny"])
            #expect(try await step.observe(input).isPresent)

            try await TestCluster.kubectl(
                "patch", "networkpolicy", "deny", "-n", namespace, "--type=json",
                "-p=[{\"op\":\"add\",\"path\":\"/spec/ingress/0/from/-\",\"value\":{\"namespaceSelector\":{}}}]")
            let changes = try await step.observe(input).changes
            #expect(changes.map(\.path) == ["NetworkPolicy \(namespace)/deny spec.ingress[0].from[1]"])

            input["force"] = true
            _ = try await step.apply(input, prior: first.prior)
            #expect(try await step.observe(input).isPresent)
            #expect(try await step.revert(input, prior: first.prior) == [])
            #expect(
                try await TestCluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "")
            #expect(try await step.revert(input, prior: first.prior) == [], "a second time there is nothing to do")
        }
    }

    @Test("what was there before is put back: changed fields, and fields that only this run brought")
    func restores() async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl(
                "create", "configmap", "settings", "-n", namespace, "--from-literal=colour=red",
                "--from-literal=kept=yes")
            let step = try StepUnderTest(KubernetesApply(TestCluster.access()))
            var input: [String: Value] = [
                "manifests": [settings(["colour": "blue", "size": "10"])], "namespace": .string(namespace),
            ]
            let first = try await step.observe(input)
            #expect(
                first.changes == [
                    Change("ConfigMap \(namespace)/settings data.colour", from: "red", to: "blue"),
                    Change("ConfigMap \(namespace)/settings data.size", from: nil, to: "10"),
                ])
            let conflict = await #expect(throws: StepError.self) { _ = try await step.apply(input, prior: first.prior) }
            #expect(conflict?.kind == .conflict)
            input["force"] = true
            _ = try await step.apply(input, prior: first.prior)
            #expect(try await step.observe(input).isPresent)

            #expect(try await step.revert(input, prior: first.prior) == [])
            let data = try await TestCluster.kubectl(
                "get", "configmap", "settings", "-n", namespace, "-o", "jsonpath={.data}")
            #expect(try Value(json: data) == ["colour": "red", "kept": "yes"])
        }
    }

    @Test("a field that an earlier manifest of ours brought and this one does not is a change")
    func fieldDropped() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(KubernetesApply(TestCluster.access()))
            var input: [String: Value] = [
                "manifests": [settings(["a": "1", "b": "2"])], "namespace": .string(namespace),
                "create_namespace": true,
            ]
            _ = try await step.run(input)
            input["manifests"] = [settings(["a": "1"])]
            #expect(
                try await step.observe(input).changes == [
                    Change("ConfigMap \(namespace)/settings data.b", from: "2", to: nil)
                ])
        }
    }

    @Test("a namespace that somebody else uses meanwhile stays, and is named")
    func usedNamespace() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(KubernetesApply(TestCluster.access()))
            let input: [String: Value] = [
                "manifests": [settings([:])], "namespace": .string(namespace), "create_namespace": true,
            ]
            let prior = try await step.run(input).prior
            try await TestCluster.kubectl("create", "configmap", "other", "-n", namespace)
            #expect(
                try await step.revert(input, prior: prior) == [
                    "namespace \(namespace) stays: it still holds ConfigMap/other"
                ])
        }
    }

    @Test("a kind that the cluster does not know yet is absent for observe, and a permanent error for apply")
    func unknownKind() async throws {
        let step = try StepUnderTest(KubernetesApply(TestCluster.access()))
        let input: [String: Value] = [
            "manifests": ["apiVersion": "play.example.com/v9", "kind": "Toy", "metadata": ["name": "one"]],
            "namespace": "default",
        ]
        #expect(try await step.observe(input).isAbsent)
        let error = await #expect(throws: StepError.self) { _ = try await step.apply(input) }
        #expect(error?.kind == .permanent)
        #expect(error?.remedy?.contains("CRD") == true)
    }
}
