import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// The charts of the sandbox, which have the objects of the real ones.
@Suite(
    .enabled(if: TestCluster.isThere && !StandInCharts.cases.isEmpty, TestCluster.hint), .serialized,
    .timeLimit(.minutes(20)))
struct StandInChartTests {
    @Test(
        "right after its install a release shows no change, and after a change by hand that one",
        arguments: StandInCharts.cases)
    func noDrift(helm: String, chart: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(
                HelmRelease(TestCluster.access(helm: helm), versions: HelmVersionCache(), now: { Date() }))
            try FileManager.default.copyItem(atPath: StandInCharts.folder, toPath: step.directory.file("charts"))
            let calls = Helm(try TestCluster.access(helm: helm), dataDirectory: step.directory.path)
            try await calls.run(
                [
                    "package", step.directory.file("charts/\(chart)"), "--dependency-update", "-d",
                    step.directory.file("packed"),
                ],
                onCluster: false)
            let packed = try FileManager.default.contentsOfDirectory(atPath: step.directory.file("packed"))
            let file = try #require(packed.first)
            let input: [String: Value] = [
                "release": .string(chart), "namespace": .string(namespace), "create_namespace": true,
                "chart": .string(step.directory.file("packed/\(file)")), "wait": false, "timeout": "60s",
                "values": StandInCharts.values[chart] ?? [:],
            ]
            let first = try await step.observe(input)
            let output = try await step.apply(input, prior: first.prior)
            let second = try await step.observe(input)
            #expect(second == .present(output), "\(second.changes)")

            let services = try await TestCluster.kubectl("get", "services", "-n", namespace, "-o", "name")
            if let service = services.split(separator: "\n").first {
                try await TestCluster.kubectl(
                    "patch", String(service), "-n", namespace, "--type=json",
                    "-p=[{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":4242}]")
                #expect(try await step.observe(input).changes.isEmpty == false)
            }
            _ = try await step.revert(input, prior: first.prior)
            #expect(try await step.observe(input).isAbsent)
        }
    }
}

/// Where the sandbox keeps its charts.
enum StandInCharts {
    static let folder = URL(filePath: #filePath).appending(path: "../../../Sandbox/charts").standardized.path

    /// What the charts insist on.
    static let values: [String: Value] = [
        "clearml-billing": ["imageCredentials": ["username": "u", "password": "p"]],
        "clearml-dynamic-mig-operator": ["imageCredentials": ["password": "p"]],
        "clearml-enterprise": ["imageCredentials": ["password": "p"]],
        "clearml-enterprise-agent": [
            "imageCredentials": ["password": "p"], "clearml": ["agentk8sglueKey": "k", "agentk8sglueSecret": "s"],
        ],
        "clearml-task-traffic-router": [
            "imageCredentials": ["password": "p"], "clearml": ["apiserverKey": "k", "apiserverSecret": "s"],
        ],
    ]

    static let cases: [(helm: String, chart: String)] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0 != "standin" }.sorted().flatMap { chart in TestCluster.helms.map { ($0, chart) } }
    }()
}
