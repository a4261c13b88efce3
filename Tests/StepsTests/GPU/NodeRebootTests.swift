import Foundation
import Steps
import Testing
import Workflow

/// How nodes of the sandbox's cluster are rebooted.
private enum Power {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sandbox/cluster/reboot.sh").path
    private static let cluster = TestCluster.kubeconfig.map { URL(filePath: $0).deletingLastPathComponent().path } ?? ""

    static let isThere = FileManager.default.fileExists(atPath: "\(cluster)/nodes")
    static let command = "\(script) \(cluster) $NODE"
}

/// Real nodes, with reboots as the sandbox has them.
@Suite(.enabled(if: Power.isThere, "needs a cluster of the sandbox"), .serialized, .timeLimit(.minutes(10)))
struct NodeRebootTests {
    private let node: String
    private let step: StepUnderTest

    init() async throws {
        node = try await TestCluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
        step = try StepUnderTest(
            NodeReboot(NodeCare(TestCluster.access(), NodeGuard(ownBootID: "elsewhere"), clock: ContinuousClock())))
    }

    private func bootID() async throws -> String {
        try await TestCluster.kubectl("get", "node", node, "-o", "jsonpath={.status.nodeInfo.bootID}")
    }

    private func mark() async throws -> String {
        try await TestCluster.kubectl("get", "node", node, "-o", "jsonpath={.metadata.annotations.runner/reboot-asked}")
    }

    private func input(_ command: String, outOf boot: String, grace: Value = "30s") -> [String: Value] {
        [
            "node": .string(node), "boot_id": .string(boot), "command": .string(command), "approved": true,
            "timeout": "90s", "grace": grace,
        ]
    }

    @Test("a reboot counts by the boot id, however its command ends, and is not done twice")
    func reboots() async throws {
        let boot = try await bootID()
        let input = input("\(Power.command); exit 255", outOf: boot)
        let (output, _) = try await step.run(input)
        #expect(try await output.values["boot_id"] == .string(bootID()))
        #expect(try await bootID() != boot)
        #expect(try await mark() == "")
        #expect(try await step.observe(input).isPresent)
        let again = try await bootID()
        _ = try await step.apply(input)
        #expect(try await bootID() == again)
    }

    @Test("a reboot that was asked for before is waited for; asked for again where it does not come")
    func askedBefore() async throws {
        let boot = try await bootID()
        try await TestCluster.kubectl("annotate", "node", node, "runner/reboot-asked=\(boot)")
        _ = try await step.run(input(Power.command, outOf: boot, grace: "1s"))
        #expect(step.log.first?.contains("an earlier attempt") == true)
        #expect(try await bootID() != boot)
        #expect(try await mark() == "")
    }

    @Test("a command that fails and reboots nothing is an error, and takes its mark back")
    func failing() async throws {
        let boot = try await bootID()
        let failed = await #expect(throws: StepError.self) {
            _ = try await step.run(input("echo no route to $NODE >&2; exit 1", outOf: boot, grace: "1s"))
        }
        #expect(failed?.kind == .transient)
        #expect(failed?.message.contains("no route to \(node)") == true)
        let missing = await #expect(throws: StepError.self) {
            _ = try await step.run(input("no-such-program-for-reboots", outOf: boot, grace: "1s"))
        }
        #expect(missing?.kind == .permanent)
        #expect(try await mark() == "")
        #expect(try await bootID() == boot)
    }

    @Test("the machine this program runs on is not rebooted, approved or not")
    func own() async throws {
        let boot = try await bootID()
        let step = try StepUnderTest(
            NodeReboot(NodeCare(TestCluster.access(), NodeGuard(ownBootID: boot), clock: ContinuousClock())))
        let error = await #expect(throws: StepError.self) { _ = try await step.run(input("exit 1", outOf: boot)) }
        #expect(error?.message.contains("this program runs on the node") == true)
        #expect(try await mark() == "")
    }
}
