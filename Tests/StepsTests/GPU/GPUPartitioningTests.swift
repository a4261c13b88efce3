import Steps
import Testing
import Workflow

@Suite(.timeLimit(.minutes(5)))
struct GPUPartitioningTests {
    private let node: ScriptedNode
    private let step: StepUnderTest

    init() throws {
        node = try ScriptedNode()
        step = try StepUnderTest(GPUPartitioning(node.access()))
    }

    private func input(_ more: [String: Value] = [:], gpu index: Int = 0) async throws -> [String: Value] {
        let uuid = try await node.gpus()[index].uuid
        return ["node": "gpu-1", "gpu": .string(uuid)].merging(more) { $1 }
    }

    @Test("an idle A100 gets the mode at once, the other GPU none, and a revert takes it back")
    func idle() async throws {
        let input = try await input()
        let (output, prior) = try await step.run(input)
        #expect(output.values["mode"] == "enabled")
        #expect(output.values["pending"] == false)
        #expect(output.values["survives_reboot"] == true)
        #expect(try await node.isEnabled(0) == [.enabled, .enabled])
        #expect(try await node.isEnabled(1) == [.disabled, .disabled])
        #expect(try await step.observe(input).isPresent)
        try node.set("0/instances", "1\n")
        #expect(try await step.revert(input, prior: prior) == [])
        #expect(try await node.isEnabled(0) == [.disabled, .disabled])
    }

    @Test("a mode that is in force already is left alone: setting it again would end with a failure")
    func adopted() async throws {
        let input = try await input()
        _ = try await step.run(input)
        let before = try node.changes.count
        #expect(try await step.observe(input).isPresent)
        _ = try await step.apply(input)
        #expect(try node.changes.count == before)
    }

    @Test("a mode that is only pending is told as that, though the program says that all is done")
    func busy() async throws {
        let input = try await input(["allow_pending": true])
        try node.set("0/busy")
        let (output, prior) = try await step.run(input)
        #expect(output.values["mode"] == "disabled")
        #expect(output.values["pending"] == true)
        #expect(step.log.contains("All done."))
        #expect(step.log.contains { $0.contains("In use by another client") })
        #expect(try node.changes.last?.contains("--gpu-reset") == true)
        // Once whoever used it has gone, the same step brings it.
        #expect(try await step.observe(input).changes.map(\.path).count == 1)
        try node.remove("0/busy")
        #expect(try await step.apply(input).values["pending"] == false)
        try node.set("0/busy")
        #expect(
            try await step.revert(input, prior: prior)
                == ["node/gpu-1 \(node.gpus()[0].uuid): MIG mode is disabled again only after the node's next reboot"])
    }

    @Test("a pending mode is taken back while it is pending")
    func pendingReverted() async throws {
        let input = try await input(["allow_pending": true])
        try node.set("0/busy")
        let (_, prior) = try await step.run(input)
        #expect(try await node.isEnabled(0) == [.disabled, .enabled])
        _ = try await step.revert(input, prior: prior)
        #expect(try await node.isEnabled(0) == [.disabled, .disabled])
    }

    @Test("where nothing may stay pending, it is an error that can pass")
    func pendingRefused() async throws {
        let input = try await input()
        try node.set("0/busy")
        let error = await #expect(throws: StepError.self) { _ = try await step.run(input) }
        #expect(error?.kind == .transient)
        #expect(error?.message.contains("pending") == true)
        #expect(error?.message.contains("In use by another client") == true)
    }

    @Test("a GPU without resets keeps the mode pending until the reboot; an A100 then has it")
    func noReset() async throws {
        let input = try await input(["allow_pending": true])
        try node.set("0/no-reset")
        #expect(try await step.run(input).output.values["pending"] == true)
        try node.reboot()
        #expect(try await step.observe(input).isPresent)
    }

    @Test("an H100 gets the mode while it is used, is said to forget it, and forgets it with a reboot")
    func hopper() async throws {
        let input = try await input(["allow_pending": true])
        try node.set("0/name", "NVIDIA H100 80GB HBM3\n")
        try node.set("0/busy")
        let (output, prior) = try await step.run(input)
        #expect(output.values["mode"] == "enabled")
        #expect(output.values["survives_reboot"] == false)
        #expect(step.log.contains { $0.contains("loses MIG mode with every reboot") })
        try node.reboot()
        #expect(try await !step.observe(input).isPresent)
        // Nothing to take back.
        let before = try node.changes.count
        #expect(try await step.revert(input, prior: prior) == [])
        #expect(try node.changes.count == before)
    }

    @Test("what a change ends with does not count", arguments: [1, 6, 255])
    func lyingStatus(status: Int) async throws {
        let input = try await input()
        try node.set("status", "\(status)\n")
        #expect(try await step.run(input).output.values["mode"] == "enabled")
    }

    @Test("instances that are in use stop a revert, which goes on once they are free")
    func instancesInUse() async throws {
        let input = try await input()
        let (_, prior) = try await step.run(input)
        try node.set("0/instances", "1\n")
        try node.set("0/busy")
        let error = await #expect(throws: StepError.self) { _ = try await step.revert(input, prior: prior) }
        #expect(error?.kind == .transient)
        #expect(error?.message.contains("In use by another client") == true)
        try node.remove("0/busy")
        #expect(try await step.revert(input, prior: prior) == [])
        #expect(try await node.isEnabled(0) == [.disabled, .disabled])
    }

    @Test("of a model that nobody knows it is not promised that it keeps the mode")
    func stranger() async throws {
        let input = try await input()
        try node.set("0/name", "NVIDIA R100\n")
        let (output, _) = try await step.run(input)
        #expect(output.values["mode"] == "enabled")
        #expect(output.values["survives_reboot"] == .null)
        #expect(step.log.contains { $0.contains("is not known") })
    }

    @Test("a GPU that knows no MIG, and one that is not there, are permanent errors")
    func unfit() async throws {
        var input = try await input()
        try node.set("0/name", "Tesla T4\n")
        let incapable = await #expect(throws: StepError.self) { _ = try await step.observe(input) }
        #expect(incapable?.kind == .permanent)
        #expect(incapable?.message == "Tesla T4 knows no MIG")
        input["gpu"] = "GPU-none"
        let missing = await #expect(throws: StepError.self) { _ = try await step.observe(input) }
        #expect(missing?.kind == .permanent)
        #expect(missing?.remedy?.contains("GPU-") == true)
    }

    @Test("the first pod of the list that is ready is asked; none is an error that can pass")
    func pods() async throws {
        let input = try await input()
        try node.setPods(["nvidia-device-plugin-daemonset": false, "nvidia-driver-daemonset": true])
        #expect(try await !step.observe(input).isPresent)
        try node.setPods(["nvidia-device-plugin-daemonset": false, "something-else": true])
        let error = await #expect(throws: StepError.self) { _ = try await step.observe(input) }
        #expect(error?.kind == .transient)
        #expect(error?.remedy?.contains("nvidia-driver-daemonset") == true)
    }
}
