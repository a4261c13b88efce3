import Steps
import Testing
import Workflow

struct PreflightReportTests {
    func node(_ name: String, ready: Bool = true, labels: [String: Value] = [:], gpus: String? = nil) -> Value {
        var capacity: [String: Value] = ["cpu": "2"]
        capacity["nvidia.com/gpu"] = gpus.map { .string($0) }
        return [
            "metadata": ["name": .string(name), "labels": .object(labels)],
            "status": [
                "capacity": .object(capacity),
                "conditions": [["type": "Ready", "status": .string(ready ? "True" : "False")]],
            ],
        ]
    }

    @Test("nodes with GPUs are known by label or by capacity")
    func gpus() throws {
        var report = PreflightReport()
        report.checkNodes(
            [
                node(
                    "b", labels: ["nvidia.com/gpu.present": "true", "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"]),
                node("a", gpus: "8"), node("c", ready: false, gpus: "0"),
            ], needsGPUs: true)
        let output = try report.output()
        #expect(output.values["nodes"] == ["a", "b", "c"])
        #expect(output.values["gpu_nodes"] == ["a", "b"])
        #expect(output.values["gpu_products"] == ["NVIDIA-A100-SXM4-40GB"])
        #expect(output.values["warnings"] == ["nodes that are not ready: c"])
    }

    @Test("a namespace that others should have made is a warning where it is missing")
    func namespaces() throws {
        var report = PreflightReport()
        report.checkNamespaces(["default", "edge"], expected: ["edge", "ingress-nginx"])
        #expect(
            try report.output().values["warnings"] == [
                "there is no namespace 'ingress-nginx' (there are: default, edge): nothing can be let in from there"
            ])
    }

    @Test(
        "a plugin that does not enforce policies is a warning, one that does is none",
        arguments: [
            (["calico-node", "kube-proxy"], "Calico" as Value, 0), (["kube-flannel-ds"], "Flannel", 1),
            (["kube-proxy"], .null, 1),
        ])
    func network(daemonSets: [String], plugin: Value, warnings: Int) throws {
        var report = PreflightReport()
        report.checkNetwork(daemonSets)
        #expect(report.outputs["cni"] == plugin)
        #expect(report.warnings.count == warnings)
    }

    @Test("a default storage class is needed where none is named")
    func storage() throws {
        func storageClass(_ name: String, isDefault: Bool) throws -> KubernetesObject {
            try KubernetesObject([
                "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                "metadata": [
                    "name": .string(name),
                    "annotations": [
                        "storageclass.kubernetes.io/is-default-class": .string(isDefault ? "true" : "false")
                    ],
                ],
            ])
        }
        var report = PreflightReport()
        report.checkStorage([try storageClass("slow", isDefault: false)], wanted: nil)
        #expect(report.problems.first?.hasPrefix("there is no default storage class (there are: slow)") == true)
        report = PreflightReport()
        report.checkStorage([try storageClass("slow", isDefault: true)], wanted: nil)
        #expect(report.problems == [])
        #expect(report.outputs["storage_class"] == "slow")
    }

    @Test("only what may pass by itself makes the whole transient")
    func kinds() {
        var report = PreflightReport()
        #expect(throws: Never.self) { try report.record(StepError(.transient, "the server is down")) }
        #expect(throws: StepError.self) { try report.output() }
        let transient = #expect(throws: StepError.self) { try report.output() }
        #expect(transient?.kind == .transient)
        report.missing("a thing", fix: "get it")
        let permanent = #expect(throws: StepError.self) { try report.output() }
        #expect(permanent?.kind == .permanent)
        #expect(permanent?.message == "2 things are missing:\n  - the server is down\n  - a thing\n    fix: get it")
        #expect(throws: StepError.self) { try report.record(StepError(.cancelled, "stopped")) }
    }
}
