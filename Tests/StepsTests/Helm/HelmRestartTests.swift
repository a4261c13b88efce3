import Foundation
import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere && !TestCluster.helms.isEmpty, TestCluster.hint), .timeLimit(.minutes(20)))
struct HelmRestartTests {
    /// Its pods take some seconds to end, as real ones do: `sleep` as the first process hears no signal but the last.
    private static let lingering = TestChart.webWithoutClaim.mapValues {
        $0.replacing("terminationGracePeriodSeconds: 1", with: "terminationGracePeriodSeconds: 4")
    }

    @Test(
        "pods that an upgrade has passed over are restarted, once, and the old ones gone; in a rollback after it was taken back"
    )
    func life() async throws {
        try await TestCluster.withNamespace { namespace in
            let access = try TestCluster.access(helm: try #require(TestCluster.helms.first))
            let install = try StepUnderTest(HelmRelease(access, versions: HelmVersionCache(), now: { Date() }))
            let chart = try TestChart.write(Self.lingering, to: install.directory)
            func wish(_ password: Value) -> [String: Value] {
                [
                    "release": "shop", "namespace": .string(namespace), "create_namespace": true,
                    "chart": .string(chart), "timeout": "120s", "values": ["password": password],
                ]
            }
            let step = try StepUnderTest(HelmRestart(access))
            let input: [String: Value] = ["release": "shop", "namespace": .string(namespace)]
            func pods() async throws -> String {
                try await TestCluster.kubectl(
                    "get", "pods", "-n", namespace, "-o",
                    "go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.uid}} {{end}}{{end}}"
                )
            }
            /// Those that are ending among them.
            func all() async throws -> Int {
                try await TestCluster.kubectl("get", "pods", "-n", namespace, "-o", "name").split(separator: "\n").count
            }
            let missing = await #expect(throws: StepError.self) { _ = try await step.observe(input) }
            #expect(missing?.message.contains("no record") == true)

            _ = try await install.run(wish("one"))
            #expect(try await step.observe(input).isPresent)
            let first = try await pods()
            // Times are whole seconds there.
            try await Task.sleep(for: .seconds(1.1))
            _ = try await install.run(wish("two"))
            #expect(try await pods() == first)
            #expect(try await step.run(input).output.values["restarted"] == ["deployment/shop"])
            #expect(try await all() == 1, "the old pod would go on with what it has read")
            let second = try await pods()
            #expect(second != first)
            #expect(try await step.observe(input).isPresent)
            #expect(try await install.observe(wish("two")).isPresent, "a restart is no drift")

            let late = input.merging(["on": "rollback"]) { $1 }
            try await Task.sleep(for: .seconds(1.1))
            _ = try await install.run(wish("one"))
            #expect(try await step.run(late).output.values["restarted"] == [])
            #expect(try await pods() == second)
            _ = try await step.revert(late, prior: nil)
            #expect(try await pods() != second)
            #expect(try await all() == 1)
            #expect(try await step.observe(input).isPresent)
        }
    }
}
