import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// The shipped install workflow, as it lies in `workflows/`.
struct InstallWorkflowTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "workflows").path

    /// Every step kind, none of which is called.
    static func catalog() throws -> StepCatalog {
        let environment = ProcessInfo.processInfo.environment
        let processes = ProcessRunner(environment: environment)
        let access = ClusterAccess(processes: processes, files: try PrivateFiles(environment: environment))
        let random: @Sendable (Int) -> [UInt8] = { [UInt8](repeating: 0, count: $0) }
        return StepCatalog(
            BuiltinKind.all + access.helmKinds(now: { Date(timeIntervalSince1970: 0) })
                + access.gpuKinds(ownBootID: "", clock: ContinuousClock())
                + access.kubernetesKinds(randomBytes: random)
                + (try ClearMLTransport.forTests()).clearMLKinds(cluster: access, randomBytes: random)
                + NoTenantRegistry().tenantKinds(cluster: access)
                + [
                    ArchiveUnzip(processes: processes), CommandRun(processes: processes),
                    FileDownload(client: try HTTPClient(userAgent: "test")),
                ])
    }

    static func load(_ name: String = "install") throws -> Workflow {
        try WorkflowLoader.load(path: "\(folder)/\(name).yaml", catalog: catalog()) { path in
            try Data(contentsOf: URL(filePath: path))
        }
    }

    @Test("it and tenant-create load without a fault, and take every file of their folders")
    func loads() throws {
        let workflows = try [Self.load(), Self.load("tenant-create")]
        #expect(workflows.map(\.definition.name) == ["install", "tenant-create"])
        let shipped = ["values", "policies"].flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(Self.folder)/\(folder)")) ?? []).map {
                "\(folder)/\($0)"
            }
        }
        let taken = workflows.flatMap(\.bundle.files.keys)
        #expect(Set(taken) == Set(shipped + ["install.yaml", "tenant-create.yaml"]))
    }

    @Test(
        "the steps come in the order that works",
        arguments: [
            ("billing", "server"), ("groups", "server"), ("supervisor", "server"), ("server", "server_policies"),
            ("server_policies", "ready"), ("billing_policies", "ready"), ("ready", "applications"),
            ("apps_files", "applications"),
            ("gpu_ready", "cdmo"), ("gpu_operator", "gpu_ready"), ("redis_password", "redis"),
            ("kafka_password", "billing"),
            ("clearml_repository", "server"), ("clearml_registry", "server"), ("preflight", "apps_archive"),
            ("bitnami_repository", "redis"), ("nvidia_repository", "gpu_operator"),
            ("server_label", "billing_policies"),
        ])
    func order(before: String, after: String) throws {
        let steps = try Self.load().definition.steps
        let index = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.id, $0) })
        var open = [try #require(index[after])]
        var seen: Set<Int> = []
        while let step = open.popLast() {
            if seen.insert(step).inserted { open += steps[step].needs }
        }
        #expect(seen.contains(try #require(index[before])))
    }

    @Test("all but the preflight come after it, and nothing is a point of no return")
    func roots() throws {
        let steps = try Self.load().definition.steps
        #expect(steps.filter(\.needs.isEmpty).map(\.id) == ["preflight"])
        #expect(steps.allSatisfy { $0.revert == .auto })
    }

    @Test(
        "every step on the cluster stays with the context that the first has looked at",
        arguments: [("install", "preflight", 10), ("tenant-create", "cluster", 8)])
    func context(workflow: String, first: String, atLeast: Int) throws {
        let catalog = try Self.catalog()
        let scope = Scope(names: [:], steps: [first: ["context": "c1"]])
        let steps = try Self.load(workflow).definition.steps.filter { step in
            step.id != first && catalog[step.uses]?.parameters.contains { $0.name == "context" } == true
        }
        #expect(steps.count > atLeast)
        for step in steps { #expect(try step.with["context"]?.evaluate(in: scope) == "c1", "\(step.id)") }
    }

    @Test(
        "every input, secret and step is described",
        arguments: [
            "install", "tenant-create", "tenant-update", "tenant-suspend", "tenant-resume",
        ])
    func described(name: String) throws {
        let definition = try Self.load(name).definition
        #expect(definition.inputs.filter { $0.description?.isEmpty ?? true }.map(\.name) == [])
        #expect(definition.secrets.filter { $0.description?.isEmpty ?? true }.map(\.name) == [])
        #expect(definition.steps.filter { $0.description?.isEmpty ?? true }.map(\.id) == [])
    }
}
