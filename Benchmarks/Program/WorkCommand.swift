import ArgumentParser
import Foundation
import Workflow

/// What one measurement gives, by name.
typealias Sample = [String: Double]

/// One measurement in a process of its own, so that its memory is its own; the parent reads the figures as JSON.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "work", shouldDisplay: false)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case oneByOne, together, graph, reading, interrupted, recovery, first, growth
    }

    @Argument var kind: Kind
    @Option(help: "An empty folder; for recovery, that of the interrupted work.") var folder: String
    @Option var runs = 1000
    @Option var steps = 10
    @Option(help: "Layers of the graph.") var layers = 50
    @Option(help: "Steps in each of its layers.") var width = 20
    @Option(help: "When the parent started this process, in seconds of the monotonic clock.") var since = Clock.now()

    func run() async throws {
        let work = Work(folder: folder, since: since)
        var sample =
            switch kind {
            case .oneByOne: try await work.oneByOne(runs, steps)
            case .together: try await work.together(runs, steps)
            case .graph: try await work.graph(layers, width)
            case .reading: try work.reading(layers, width)
            case .interrupted: try await work.interrupted(runs, steps)
            case .recovery: try await work.recovery()
            case .first: try await work.first()
            case .growth: try await work.growth(runs, steps)
            }
        sample["peakMB"] = Machine.peakMemoryMB
        print(String(decoding: try JSONEncoder().encode(sample), as: UTF8.self))
    }
}

/// The works themselves.
struct Work {
    let folder: String
    let since: Double

    /// W1: each run after the one before.
    func oneByOne(_ runs: Int, _ steps: Int) async throws -> Sample {
        let bench = try await Bench(folder: folder)
        let workflow = try await bench.store(Shape.chain(steps))
        let start = Clock.now()
        for id in Bench.names(runs) {
            try await bench.start(id, workflow)
            try require(await bench.engine.settled(id) ?? .failed)
        }
        let seconds = Clock.now() - start
        try await bench.stop()
        return ["seconds": seconds, "steps": Double(runs * steps)]
    }

    /// W2: all runs at once.
    func together(_ runs: Int, _ steps: Int) async throws -> Sample {
        let bench = try await Bench(folder: folder)
        let workflow = try await bench.store(Shape.chain(steps))
        let seconds = try await together(Bench.names(runs), workflow, bench)
        try await bench.stop()
        guard bench.calls.count == runs * steps else { throw Failure("\(bench.calls.count) steps were run") }
        return ["seconds": seconds, "steps": Double(runs * steps)]
    }

    private func together(_ names: [RunID], _ workflow: Workflow, _ bench: Bench) async throws -> Double {
        let start = Clock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in names { group.addTask { try await bench.start(id, workflow) } }
            try await group.waitForAll()
        }
        await bench.engine.idle()
        return Clock.now() - start
    }

    /// W3: one run with many steps.
    func graph(_ layers: Int, _ width: Int) async throws -> Sample {
        let bench = try await Bench(folder: folder)
        let workflow = Shape.graph(layers, width: width)
        try await bench.store(workflow)
        let loaded = Clock.now()
        let id = Bench.names(1)[0]
        try await bench.start(id, workflow, parallel: width)
        try require(await bench.engine.settled(id) ?? .failed)
        let seconds = Clock.now() - loaded
        try await bench.stop()
        return ["seconds": seconds, "steps": Double(layers * width)]
    }

    /// What comes before W3: its YAML is read and checked.
    func reading(_ layers: Int, _ width: Int) throws -> Sample {
        let text = Shape.layers(layers, width: width)
        let start = Clock.now()
        _ = try Shape.load(text, StepCatalog([NoOpKind(calls: Calls())] + BuiltinKind.all))
        return ["seconds": Clock.now() - start]
    }

    /// W2, for the parent to kill once half of the steps were run.
    func interrupted(_ runs: Int, _ steps: Int) async throws -> Sample {
        let bench = try await Bench(folder: folder, calls: Calls(mark: runs * steps / 2))
        let workflow = try await bench.store(Shape.chain(steps))
        _ = try await together(Bench.names(runs), workflow, bench)
        throw Failure("nobody killed the work")
    }

    /// W4: goes on with what was interrupted.
    func recovery() async throws -> Sample {
        let bench = try await Bench(folder: folder, calls: Calls(keepsNames: true), recovery: .all)
        await bench.engine.idle()
        let done = Clock.now()
        let (first, count) = (bench.calls.first ?? done, bench.calls.count)
        let repeated = try await repeatedSteps(bench)
        try await bench.stop()
        return [
            "firstSeconds": first - since, "seconds": done - since, "afterFirstSeconds": done - first,
            "steps": Double(count), "repeated": Double(repeated),
        ]
    }

    /// How many steps that were finished before were run once more; every run must have succeeded.
    private func repeatedSteps(_ bench: Bench) async throws -> Int {
        var called: [String: Int] = [:]
        for name in bench.calls.names { called[name, default: 0] += 1 }
        var repeated = 0
        for record in try await bench.journal.runs(RunQuery()) {
            try require(record.status)
            var finished: Set<InstanceID> = []
            var interrupted: [InstanceID: Int] = [:]
            for event in try await bench.journal.entries(of: record.id, after: 0).flatMap(\.events) {
                switch event {
                case .attemptSucceeded(let step, _, _, _):
                    if !finished.insert(step).inserted { repeated += 1 }
                case .attemptInterrupted(let step, _): interrupted[step, default: 0] += 1
                default: break
                }
            }
            for step in finished where called["\(record.id) s\(step.step)", default: 0] > 1 { repeated += 1 }
        }
        return repeated
    }

    /// W5: a new process's first step.
    func first() async throws -> Sample {
        let bench = try await Bench(folder: folder)
        let workflow = try await bench.store(Shape.chain(1))
        let id = Bench.names(1)[0]
        try await bench.start(id, workflow)
        try require(await bench.engine.settled(id) ?? .failed)
        let first = bench.calls.first ?? .infinity
        try await bench.stop()
        return ["firstSeconds": first - since]
    }

    /// W2 over and over on one journal, up to `runs` runs: what a long history costs.
    func growth(_ runs: Int, _ steps: Int) async throws -> Sample {
        let bench = try await Bench(folder: folder)
        let workflow = try await bench.store(Shape.chain(steps))
        var sample: Sample = [:]
        var done = 0
        var next = 100
        while done < runs {
            let block = min(1000, next - done)
            let seconds = try await together(Bench.names(block, after: done), workflow, bench)
            done += block
            guard done == next else { continue }
            next *= 10
            sample["rate at \(done * steps)"] = Double(block * steps) / seconds
            sample["peakMB at \(done * steps)"] = Machine.peakMemoryMB
            sample["bytes at \(done * steps)"] =
                Double(try Limit.databaseBytes(Bench.database(folder))) / Double(done * steps)
        }
        try await bench.stop()
        return sample
    }

    private func require(_ status: RunStatus) throws {
        guard status == .succeeded else { throw Failure("a run ended as \(status.rawValue)") }
    }
}
