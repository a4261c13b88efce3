import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(5)))
struct GPUNodesTests {
    private let node: ScriptedNode
    private let step: StepUnderTest

    init() throws {
        node = try ScriptedNode()
        step = try StepUnderTest(
            GPUNodes(NodeCare(node.access(), NodeGuard(ownBootID: "other"), clock: SteppingClock())))
    }

    private func output(_ input: [String: Value] = [:]) async throws -> [String: Value] {
        guard case .present(let output) = try await step.observe(input) else {
            Issue.record("not there")
            return [:]
        }
        return output.values
    }

    @Test("every GPU is one item, with its node and its modes")
    func all() async throws {
        let uuids = try await node.gpus().map(\.uuid)
        let output = try await output()
        #expect(output["nodes"] == ["gpu-1"])
        #expect(
            output["details"] == [
                ["name": "gpu-1", "boot_id": "b1", "reservation": "it is the only node that takes pods", "gpus": 2]
            ])
        #expect(
            output["gpus"]?[1] == [
                "node": "gpu-1", "uuid": .string(uuids[1]), "index": 1, "name": "NVIDIA A100-SXM4-40GB",
                "current": "disabled", "pending": "disabled",
            ])
    }

    @Test("only GPUs that were asked for are given, and one that is nowhere is an error")
    func chosen() async throws {
        let uuid = try await node.gpus()[1].uuid
        #expect(try await output(["gpus": [.string(uuid)]])["gpus"]?.arrayValue?.count == 1)
        let error = await #expect(throws: StepError.self) { _ = try await step.observe(["gpus": ["GPU-none"]]) }
        #expect(error?.message.contains("GPU-none") == true)
        let unknown = await #expect(throws: StepError.self) { _ = try await step.observe(["nodes": ["gpu-9"]]) }
        #expect(unknown?.message.contains("gpu-9") == true)
        #expect(unknown?.remedy?.contains("gpu-1") == true)
    }

    @Test("GPUs without MIG are left out with a warning; a node that was named and has no other is an error")
    func incapable() async throws {
        _ = try await node.gpus()
        try node.set("0/name", "Tesla T4\n")
        let output = try await output()
        #expect(output["gpus"]?.arrayValue?.count == 1)
        #expect(output["warnings"] == ["node gpu-1: GPU 0 (Tesla T4) knows no MIG, and is left out"])
        try node.set("1/name", "Tesla T4\n")
        let error = await #expect(throws: StepError.self) { _ = try await step.observe(["nodes": ["gpu-1"]]) }
        #expect(error?.kind == .permanent)
    }

    @Test("pods that can ask the GPUs are waited for, and missed in the end")
    func waits() async throws {
        try node.setPods(["nvidia-device-plugin-daemonset": false])
        #expect(try await step.observe([:]).isAbsent)
        let error = await #expect(throws: StepError.self) { _ = try await step.apply(["timeout": "10s"]) }
        #expect(error?.kind == .timedOut)
        #expect(error?.object == "node/gpu-1")
    }
}
