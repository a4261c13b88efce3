import Foundation
import Steps
import Testing
import Workflow

/// The shipped workflows for GPU nodes, as they lie in `workflows/`.
struct GPUWorkflowTests {
    private static func catalog() throws -> StepCatalog {
        let environment = ProcessInfo.processInfo.environment
        let access = ClusterAccess(
            processes: ProcessRunner(environment: environment), files: try PrivateFiles(environment: environment))
        return StepCatalog(
            BuiltinKind.all + access.gpuKinds(ownBootID: "", clock: ContinuousClock())
                + access.kubernetesKinds(randomBytes: { [UInt8](repeating: 0, count: $0) }))
    }

    private static func load(_ name: String) throws -> Workflow {
        try WorkflowLoader.load(path: "\(InstallWorkflowTests.folder)/\(name).yaml", catalog: catalog()) { path in
            try Data(contentsOf: URL(filePath: path))
        }
    }

    @Test("they load without a fault, and every input and step is described", arguments: ["gpu-node", "gpu-nodes"])
    func described(name: String) throws {
        let definition = try Self.load(name).definition
        #expect(definition.inputs.filter { $0.description?.isEmpty ?? true }.map(\.name) == [])
        #expect(definition.steps.filter { $0.description?.isEmpty ?? true }.map(\.id) == [])
    }

    @Test(
        "every step on the cluster stays with the context that the first has looked at, sub-runs too",
        arguments: [("gpu-node", "look", 10), ("gpu-nodes", "find", 1)])
    func context(workflow: String, first: String, atLeast: Int) throws {
        let (catalog, all) = (try Self.catalog(), try Self.load(workflow).definition.steps)
        let scope = Scope(names: ["inputs": ["context": "c0"]], steps: [first: ["context": "c1"]])
        #expect(try all.first?.with["context"]?.evaluate(in: scope) == "c0")
        let steps = all.dropFirst().filter { step in
            catalog[step.uses]?.parameters.contains { $0.name == "context" } == true
        }
        #expect(steps.count >= atLeast)
        for step in steps { #expect(try step.with["context"]?.evaluate(in: scope) == "c1", "\(step.id)") }
    }

    @Test("a node's sub-run is given the context")
    func contextOfSubRuns() throws {
        let step = try #require(Self.load("gpu-nodes").definition.steps.first { $0.uses == "workflow" })
        guard case .object(let inputs) = step.with["inputs"] else {
            Issue.record("no inputs")
            return
        }
        let scope = Scope(names: [:], steps: ["find": ["context": "c1"]])
        #expect(try inputs["context"]?.evaluate(in: scope) == "c1")
    }

    @Test(
        "whether GPUs keep the mode is true of all, false where one forgets it, and null where it is not known",
        arguments: [
            ([true, true], true), ([true, false], false), ([.null, true], .null), ([.null, false], false),
        ] as [(Value, Value)])
    func survivesReboot(known: Value, answer: Value) throws {
        let output = try #require(Self.load("gpu-node").definition.outputs["survives_reboot"])
        let gpus = (known.arrayValue ?? []).map { Value.object(["survives_reboot": $0]) }
        #expect(try output.evaluate(in: Scope(names: [:], steps: ["mig_checked": .array(gpus)])) == answer)
    }

    @Test(
        "before a node is emptied somebody is asked: always, or where it is not a node like others",
        arguments: [
            ("always", .null, true, true), ("always", "it is the only node", true, true),
            ("reserved", .null, true, false), ("reserved", "it is the only node", true, true),
            ("always", "it is the only node", false, false),
        ] as [(String, Value, Bool, Bool)])
    func approval(rule: String, reservation: Value, isPending: Bool, isAsked: Bool) throws {
        let steps = try Self.load("gpu-node").definition.steps
        let scope = Scope(
            names: ["inputs": ["approval": .string(rule)]],
            steps: [
                "look": ["details": [["reservation": reservation]]], "mig": [["pending": .bool(isPending)]],
            ])
        let approve = try #require(steps.first { $0.id == "approve" }?.when)
        #expect(try approve.evaluate(in: scope) == .bool(isAsked))
        // What was not asked for is not passed on as agreed to.
        for step in steps where ["node.drain", "node.reboot", "node.uncordon", "gpu.settle"].contains(step.uses) {
            let scope = Scope(names: [:], steps: ["approve": .null])
            #expect(try step.with["approved"]?.evaluate(in: scope) == false, "\(step.id)")
        }
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
