import Foundation
import Steps
import Testing
import Workflow

/// The shipped workflows for GPU nodes, as they lie in `workflows/`.
struct GPUWorkflowTests {
    private static func load(_ name: String) throws -> Workflow {
        let environment = ProcessInfo.processInfo.environment
        let access = ClusterAccess(
            processes: ProcessRunner(environment: environment), files: try PrivateFiles(environment: environment))
        let catalog = StepCatalog(
            BuiltinKind.all + access.gpuKinds(ownBootID: "", clock: ContinuousClock())
                + access.kubernetesKinds(randomBytes: { [UInt8](repeating: 0, count: $0) }))
        return try WorkflowLoader.load(path: "\(InstallWorkflowTests.folder)/\(name).yaml", catalog: catalog) { path in
            try Data(contentsOf: URL(filePath: path))
        }
    }

    @Test("they load without a fault, and every input and step is described", arguments: ["gpu-node", "gpu-nodes"])
    func described(name: String) throws {
        let definition = try Self.load(name).definition
        #expect(definition.inputs.filter { $0.description?.isEmpty ?? true }.map(\.name) == [])
        #expect(definition.steps.filter { $0.description?.isEmpty ?? true }.map(\.id) == [])
    }

    @Test("one node after the other, and no two runs at once")
    func oneAtATime() throws {
        let all = try Self.load("gpu-nodes").definition
        #expect(all.steps.first { $0.id == "node" }?.maxParallel == 1)
        #expect(all.concurrency == (try Self.load("gpu-node").definition.concurrency))
    }

    @Test("a node's steps come in one order only, the mildest means first")
    func order() throws {
        let steps = try Self.load("gpu-node").definition.steps
        #expect(
            steps.map(\.id) == [
                "look", "pause", "mig", "approve", "drain", "settle", "mig_drained", "reboot", "look_again",
                "mig_checked", "resume", "uncordon", "label",
            ])
        // Each needs the one before it, directly or not, so that a rollback takes them in the opposite order.
        var before: [Set<Int>] = []
        for (index, step) in steps.enumerated() {
            before.append(step.needs.reduce(into: []) { $0.formUnion(before[$1].union([$1])) })
            #expect(before[index].count == index, "\(step.id)")
        }
    }
}
