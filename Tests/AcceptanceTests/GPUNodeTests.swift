import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// MIG on real nodes whose `nvidia-smi` is a stand-in, and whose reboots are those of the sandbox: by another boot id,
    /// as the API shows it.
    @Suite(GPUBench.condition) struct GPUNodeTests {
        /// By a reboot where nothing milder helps, and whichever context is current by then.
        @Test("killed at every step, node after node gets MIG; killed at every revert, a rollback brings all back")
        func allNodes() async throws {
            let bench = try await GPUBench.ready()
            // One node has newer GPUs, which take the mode at once; of the other, one needs a reboot.
            for gpu in ["0", "1"] { try await bench.set("gpu-1", "\(gpu)/name", "NVIDIA H100 80GB HBM3") }
            try await bench.set("gpu-2", "1/no-reset")
            try await bench.startTenants(on: "gpu-2")
            let (before, boots) = (try await bench.world(), try await bench.bootIDs())
            let count = bench.bootCount("gpu-2")
            let home = try Home(bench.sandbox)

            let context = try bench.keepContext(home)
            let run = try bench.arguments("gpu-nodes", home, ["approval": "always"])
            async let approval: Void = bench.approve(home, step: "approve", ofChild: "node[1]") {
                try bench.leaveContext(home)
            }
            let done = try await home.killAtEach(.forth, of: run, short: ["node[1].settle"])
            try await approval
            #expect(done.struck.count >= 24, "\(done)")
            #expect(try await bench.modes("gpu-1") == ["Enabled, Enabled", "Enabled, Enabled"])
            #expect(try await bench.modes("gpu-2") == ["Enabled, Enabled", "Enabled, Enabled"])
            let after = try await bench.bootIDs()
            #expect(after[0] == boots[0])
            #expect(after[1] != boots[1])
            #expect(bench.bootCount("gpu-2") == count + 1)
            #expect(try await bench.partitioned() == ["gpu-1", "gpu-2"])
            #expect(try await bench.closed() == [])
            let shown = try await home.succeed("show", done.run, "--json")
            #expect(shown.contains("nvidia.com/mig-7g.40gb"), "\(shown)")
            let logs = try await home.succeed("logs", done.run + ".node[0]")
            #expect(logs.contains("NVIDIA H100 80GB HBM3 loses MIG mode with every reboot"), "\(logs)")

            let again = try bench.inputs(home, ["approval": "always", "context": context])
            let plan = try await home.run("plan", "gpu-nodes", "-f", again, "--json")
            #expect(plan.status == 0, "\(plan.text)")
            #expect(try Plan(plan.output).changing == [], "\(plan.output)")

            let undone = try await home.killAtEach(.back, of: ["rollback", done.run], seed: 2)
            #expect(undone.struck.count >= 12, "\(undone)")
            #expect(try await bench.world() == before)
            #expect(bench.bootCount("gpu-2") <= count + 2)
            try await home.succeed("audit", "verify")
            try await bench.stopTenants()
        }

        @Test(
            "killed once at every step and at every revert, a node is done and undone, with one reboot each way at most"
        )
        func kills() async throws {
            let bench = try await GPUBench.ready()
            try await bench.set("gpu-1", "1/no-reset")
            try await bench.startTenants(on: "gpu-1")
            let (before, boots) = (try await bench.world(), bench.bootCount("gpu-1"))
            let home = try Home(bench.sandbox)

            let run = try bench.arguments("gpu-node", home, ["node": "gpu-1"])
            let done = try await home.killAtEach(.forth, of: run, short: ["settle"], later: .seconds(1))
            #expect(done.struck.count >= 13, "\(done)")
            #expect(try await bench.modes("gpu-1") == ["Enabled, Enabled", "Enabled, Enabled"])
            #expect(try await bench.partitioned() == ["gpu-1"])
            #expect(bench.bootCount("gpu-1") == boots + 1)
            #expect(try await bench.modes("gpu-2") == ["Disabled, Disabled", "Disabled, Disabled"])

            let undone = try await home.killAtEach(.back, of: ["rollback", done.run], later: .seconds(1), seed: 2)
            #expect(undone.struck.count >= 8, "\(undone)")
            let logs = try await home.run("logs", "last")
            #expect(try await home.show().status == "rolledBack", "\(logs.text)")
            #expect(try await bench.world() == before)
            #expect(bench.bootCount("gpu-1") <= boots + 2)
            try await home.succeed("audit", "verify")
            try await bench.stopTenants()
        }

        @Test("nodes are out of service one at a time, whatever runs at once")
        func turns() async throws {
            let bench = try await GPUBench.ready()
            let home = try Home(bench.sandbox)
            let path = "\(home.path)/turns.yaml"
            try Data(
                """
                workflow: turns
                steps:
                  out:
                    uses: node.drain
                    for_each: [gpu-1, gpu-2]
                    with: { node: "${{ item }}", turn: 2s }
                    retry: { attempts: 1 }
                """.utf8
            ).write(to: URL(filePath: path))
            let result = try await home.run("run", path)
            #expect(result.status == 1)
            #expect(result.text.contains("to be back in service"), "\(result.text)")
            let closed = try await bench.closed()
            #expect(closed.count == 1, "\(closed)")
            try await home.succeed("rollback", "last")
            #expect(try await bench.closed() == [])
        }

        @Test("a rejected approval leaves the node in service, and a rollback takes the pending mode back")
        func rejected() async throws {
            let bench = try await GPUBench.ready()
            try await bench.set("gpu-2", "0/no-reset")
            let before = try await bench.world()
            let home = try Home(bench.sandbox)
            let run = try home.start(try bench.arguments("gpu-node", home, ["node": "gpu-2", "approval": "always"]))
            try await bench.answer("reject", home, step: "approve", of: "last")
            #expect(await run.result().status == 1)
            #expect(try await bench.modes("gpu-2") == ["Disabled, Enabled", "Enabled, Enabled"])
            try await home.succeed("rollback", "last")
            #expect(try await bench.world() == before)
        }
    }
}

/// The two nodes of a sandbox, with the GPU operator on them.
private struct GPUBench: Sendable {
    static let condition = ConditionTrait.enabled(
        if: Sandbox.current.map { FileManager.default.fileExists(atPath: "\($0.directory)/cluster/nodes/gpu-2.sock") }
            ?? false, "needs a sandbox with the nodes gpu-1 and gpu-2: Tests/run starts one")
    private static let nodes = ["gpu-1", "gpu-2"]

    let sandbox: Sandbox

    /// The sandbox with the operator at work, and its GPUs as new.
    static func ready() async throws -> GPUBench {
        let bench = GPUBench(sandbox: try Sandbox.require())
        let url = try #require(try bench.sandbox.variables()["SANDBOX_NVIDIA_URL"])
        try await bench.sandbox.helm(
            "upgrade", "--install", "gpu-operator", "gpu-operator", "--repo", url, "--namespace", "gpu-operator",
            "--create-namespace", "--set", "migManager.enabled=false,mig.strategy=mixed", "--wait")
        try await bench.sandbox.kubectl(
            "wait", "clusterpolicy/cluster-policy", "--for=jsonpath={.status.state}=ready", "--timeout=120s")
        for node in nodes {
            // What a test that failed has left.
            try await bench.sandbox.kubectl("uncordon", node)
            try await bench.sandbox.kubectl("annotate", "node", node, "runner/cordoned-by-", "runner/reboot-asked-")
            try await bench.shell(
                node,
                """
                cd /var/lib/nvidia-smi
                for gpu in 0 1; do
                    rm -f $gpu/busy $gpu/no-reset $gpu/instances
                    echo NVIDIA A100-SXM4-40GB >$gpu/name
                    echo Disabled | tee $gpu/current >$gpu/pending
                done
                """)
        }
        return bench
    }

    // MARK: - The world

    @discardableResult
    private func shell(_ node: String, _ script: String) async throws -> String {
        let pod = try await sandbox.kubectl(
            "get", "pods", "-n", "gpu-operator", "-l", "app=nvidia-driver-daemonset", "--field-selector",
            "spec.nodeName=\(node)", "-o", "name"
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        var answer: Program.Result?
        // After a reboot the API shows the containers of the boot before for a moment.
        try await until("the driver's container on \(node) runs") {
            let result = try await Program("kubectl").run(
                ["exec", "-n", "gpu-operator", pod, "--", "sh", "-c", script], environment: try sandbox.variables())
            answer = result
            return result.status == 0 || result.error.contains("command terminated with")
        }
        let result = try #require(answer)
        try #require(result.status == 0, "\(script): \(result.error)")
        return result.output
    }

    /// Writes a file of the GPUs' state; see the sandbox's `nvidia-smi`.
    func set(_ node: String, _ file: String, _ text: String = "") async throws {
        try await shell(node, "echo '\(text)' >/var/lib/nvidia-smi/\(file)")
    }

    /// Current and pending mode of each GPU.
    func modes(_ node: String) async throws -> [String] {
        try await shell(
            node, "nvidia-smi --query-gpu=mig.mode.current,mig.mode.pending --format=csv,noheader"
        ).split(whereSeparator: \.isNewline).map(String.init)
    }

    func bootIDs() async throws -> [String] {
        try await sandbox.kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.bootID}")
            .split(separator: " ").map(String.init)
    }

    /// How often the node was rebooted.
    func bootCount(_ node: String) -> Int {
        let path = "\(sandbox.directory)/cluster/log/\(node)-boots.log"
        return (try? String(contentsOfFile: path, encoding: .utf8))?.split(whereSeparator: \.isNewline).count ?? 0
    }

    func partitioned() async throws -> [String] {
        try await sandbox.kubectl(
            "get", "nodes", "-l", "cdmo.clear.ml/gpu-partitioning=mig", "-o", "jsonpath={.items[*].metadata.name}"
        ).split(separator: " ").map(String.init)
    }

    /// The nodes that take no pods.
    func closed() async throws -> [String] {
        try await sandbox.kubectl(
            "get", "nodes", "--field-selector", "spec.unschedulable=true", "-o", "jsonpath={.items[*].metadata.name}"
        ).split(separator: " ").map(String.init)
    }

    /// All that a run can leave on the nodes, a line each.
    func world() async throws -> [String] {
        var lines: [String] = []
        for node in Self.nodes {
            for path in ["metadata.labels", "metadata.annotations", "spec"] {
                lines.append("\(node) " + (try await sandbox.kubectl("get", "node", node, "-o", "jsonpath={.\(path)}")))
            }
            lines += try await modes(node).map { "\(node) \($0)" }
        }
        return lines
    }

    /// Two pods that use all GPUs of their node, of which one has to stay up.
    func startTenants(on node: String) async throws {
        let manifest: [String: Any] = [
            "apiVersion": "v1", "kind": "List",
            "items": [
                [
                    "apiVersion": "apps/v1", "kind": "Deployment",
                    "metadata": ["name": "tenant", "namespace": "default"],
                    "spec": [
                        "replicas": 2, "selector": ["matchLabels": ["app": "tenant"]],
                        "template": [
                            "metadata": ["labels": ["app": "tenant"]],
                            "spec": [
                                "terminationGracePeriodSeconds": 1,
                                "affinity": ["nodeAffinity": Self.preference(for: node)],
                                "containers": [
                                    [
                                        "name": "tenant", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.1",
                                        "command": ["gpu-client"],
                                        "readinessProbe": [
                                            "httpGet": ["path": "/ready", "port": 8080], "periodSeconds": 1,
                                        ],
                                        "volumeMounts": [
                                            ["name": "gpus", "mountPath": "/var/lib/nvidia-smi"],
                                            ["name": "boot", "mountPath": "/run/boot_id"],
                                        ],
                                    ]
                                ],
                                "volumes": [
                                    ["name": "gpus", "hostPath": ["path": "/tmp/node_disk/nvidia-smi"]],
                                    ["name": "boot", "hostPath": ["path": "/proc/sys/kernel/random/boot_id"]],
                                ],
                            ],
                        ],
                    ],
                ],
                [
                    "apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget",
                    "metadata": ["name": "tenant", "namespace": "default"],
                    "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "tenant"]]],
                ],
            ],
        ]
        let path = "\(sandbox.directory)/tenant.json"
        try JSONSerialization.data(withJSONObject: manifest).write(to: URL(filePath: path))
        try await sandbox.kubectl("apply", "-f", path)
        try await sandbox.kubectl("rollout", "status", "deployment/tenant", "-n", "default", "--timeout=120s")
    }

    private static func preference(for node: String) -> [String: Any] {
        [
            "preferredDuringSchedulingIgnoredDuringExecution": [
                [
                    "weight": 100,
                    "preference": [
                        "matchExpressions": [["key": "kubernetes.io/hostname", "operator": "In", "values": [node]]]
                    ],
                ]
            ]
        ]
    }

    func stopTenants() async throws {
        try await sandbox.kubectl("delete", "-f", "\(sandbox.directory)/tenant.json", "--timeout=120s")
    }

    // MARK: - The program

    /// An inputs file, with the command that reboots nodes of the sandbox. As a lost connection would, it ends with a failure.
    func inputs(_ home: Home, _ inputs: [String: String]) throws -> String {
        let program = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sandbox/sandbox").path
        var all: [String: Any] = inputs.merging(["approval": "reserved"]) { given, _ in given }
        all["reboot"] = [
            "command": "\(program) reboot \(sandbox.directory) $NODE; exit 255", "timeout": "2m", "grace": "8s",
        ]
        let path = "\(home.path)/inputs.yaml"
        try JSONSerialization.data(withJSONObject: all).write(to: URL(filePath: path))
        return path
    }

    func arguments(_ workflow: String, _ home: Home, _ inputs: [String: String]) throws -> [String] {
        ["run", workflow, "-f", try self.inputs(home, inputs)]
    }

    /// Answers a step that asks, as soon as it does.
    func answer(_ verb: String, _ home: Home, step: String, of run: String) async throws {
        for _ in 0..<1200 {
            if try await home.run(verb, run, step).status == 0 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("step '\(step)' has never asked")
    }

    /// - Parameter asked: Done once the child is there, before the answer.
    func approve(_ home: Home, step: String, ofChild child: String, asked: () throws -> Void) async throws {
        while try await !home.hasRun() { try await Task.sleep(for: .milliseconds(50)) }
        let run = try await home.show().run
        while try await home.run("show", "\(run).\(child)").status != 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        try asked()
        try await answer("approve", home, step: step, of: "\(run).\(child)")
    }

    /// Gives a home a kubeconfig of its own.
    ///
    /// - Returns: Its context.
    func keepContext(_ home: Home) throws -> String {
        let path = try #require(try sandbox.variables()["KUBECONFIG"])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try Data(text.utf8).write(to: URL(filePath: home.kubeconfig))
        return String(try #require(text.firstMatch(of: /(?m)^current-context: (.+)$/)?.1))
    }

    /// Makes a context current that leads nowhere: at once, for programs that read it meanwhile.
    func leaveContext(_ home: Home) throws {
        let text = try String(contentsOfFile: home.kubeconfig, encoding: .utf8)
        let other = text.replacing(/(?m)^current-context: .+$/, with: "current-context: nowhere")
        try Data(other.utf8).write(to: URL(filePath: home.kubeconfig), options: .atomic)
    }
}
