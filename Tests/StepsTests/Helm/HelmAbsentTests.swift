import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere && !TestCluster.helms.isEmpty, TestCluster.hint), .timeLimit(.minutes(20)))
struct HelmAbsentTests {
    @Test(
        "uninstalled once, of the chart that is meant; what a dead helm has left going is waited for",
        arguments: TestCluster.helms)
    func life(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let access = try TestCluster.access(helm: helm)
            let versions = HelmVersionCache()
            let install = try StepUnderTest(HelmRelease(access, versions: versions, now: { Date() }))
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: install.directory)
            let wish: [String: Value] = [
                "release": "shop", "namespace": .string(namespace), "create_namespace": true, "chart": .string(chart),
                "timeout": "120s",
            ]
            let step = try StepUnderTest(HelmAbsent(access, versions: versions))
            let input: [String: Value] = ["release": "shop", "namespace": .string(namespace), "chart": "web"]
            #expect(try await step.observe(input).isPresent, "there is no namespace yet")
            _ = try await install.run(wish)
            let other = await #expect(throws: StepError.self) {
                _ = try await step.observe(input.merging(["chart": "database"]) { $1 })
            }
            #expect(other?.kind == .conflict)
            #expect(
                try await step.observe(input).changes
                    == [Change("release \(namespace)/shop", from: "revision 1, deployed")])
            #expect(try await step.run(input).output.values["left"] == [])
            #expect(try await TestCluster.kubectl("get", "deployments,pods", "-n", namespace, "-o", "name") == "")
            #expect(try await step.observe(input).isPresent)

            _ = try await install.run(wish)
            try await hold(["test.example.com/hold"], namespace)
            try await uninstall(helm, namespace)
            let left = try await step.observe(input).changes
            #expect(left.count == 1 && left[0].from?.stringValue?.contains("Deployment") == true, "\(left)")
            async let applied = step.apply(input)
            try await hold([], namespace)
            #expect(try await applied.values["left"] == [])
            #expect(try await step.observe(input).isPresent)
        }
    }

    /// Sets what keeps the release's Deployment from going.
    private func hold(_ finalizers: [Value], _ namespace: String) async throws {
        let patch = Value.object(["metadata": ["finalizers": .array(finalizers)]]).canonicalJSON
        try await TestCluster.kubectl("patch", "deployment", "shop", "-n", namespace, "--type", "merge", "-p", patch)
    }

    /// What a step leaves that dies right after its helm.
    private func uninstall(_ helm: String, _ namespace: String) async throws {
        let arguments = ["uninstall", "shop", "-n", namespace, "--cascade", "foreground"]
        let request = ProcessRequest(
            helm, arguments + ["--kubeconfig", try #require(TestCluster.kubeconfig)], captureLimitBytes: 1 << 20)
        _ = try await TestCluster.access().processes.run(request, onLine: nil).requireSuccess(of: request)
    }
}
