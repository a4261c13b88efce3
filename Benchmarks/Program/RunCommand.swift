import ArgumentParser
import Foundation

/// `benchmarks run`: measures everything, in turn with the limit.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measures, prints a table, and writes the figures as JSON.")

    @Option(help: "How often each work is measured.") var times = 5
    @Option(help: "Where the journals go: a folder on the disk that is to be measured.") var folder =
        NSTemporaryDirectory()
    @Option(help: "The file for the figures.") var output: String?
    @Option(help: "The program whose first step is timed.") var runner: String?
    @Option(help: "Steps of history that growth is followed to.") var history = 1_000_000
    @Option(help: "Only these works: W1 to W5, growth.") var only: [String] = []

    func run() async throws {
        let place = folder + "/benchmarks-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        let suite = Suite(place: place, times: times, runner: runner, history: history)
        var figures: [Figure] = []
        for (name, work) in suite.works where only.isEmpty || only.contains(name) {
            FileHandle.standardError.write(Data("\(name) …\n".utf8))
            figures += try work()
        }
        let report = Report(
            date: Date().formatted(.iso8601), machine: Machine(folder: place, sqlite: Limit.version), figures: figures)
        print(report.table)
        if let output {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(report).write(to: URL(fileURLWithPath: output))
        }
    }
}

/// The works, and what they must reach.
struct Suite {
    let place: String
    let times: Int
    let runner: String?
    let history: Int

    var works: [(String, () throws -> [Figure])] {
        [
            ("W1", oneByOne), ("W2", together), ("W3", graph), ("W4", recovery), ("W5", first), ("growth", growth),
        ]
    }

    /// Measures in a new folder, which goes afterwards.
    private func measure<Result>(_ body: (_ folder: String) throws -> Result) throws -> [Result] {
        try (0..<times).map { _ in
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: place) }
            return try body(place)
        }
    }

    private func oneByOne() throws -> [Figure] {
        let samples = try measure { folder in
            let sample = try Child.work(.oneByOne, folder: folder, ["runs": 200]).sample()
            let limit = try Limit.copy(Bench.database(folder), to: folder + "/limit.db", rowsPerCommit: 1)
            return (steps: sample["steps", default: 0], seconds: sample["seconds", default: 0], limit: limit)
        }
        return [
            Figure("W1 steps", samples.map { $0.steps / $0.seconds }, "steps/s"),
            Figure("W1 limit", samples.map { $0.steps / $0.limit }, "steps/s"),
            Figure("W1 of its limit", samples.map { 100 * $0.limit / $0.seconds }, "%", .atLeast(60)),
        ]
    }

    private func together() throws -> [Figure] {
        let samples = try measure { folder in
            let sample = try Child.work(.together, folder: folder).sample()
            let limit = try Limit.copy(Bench.database(folder), to: folder + "/limit.db", rowsPerCommit: 1000)
            let bytes = Double(try Limit.databaseBytes(Bench.database(folder)))
            return (
                steps: sample["steps", default: 0], seconds: sample["seconds", default: 0], limit: limit,
                peak: sample["peakMB", default: 0], bytes: bytes
            )
        }
        return [
            Figure("W2 steps", samples.map { $0.steps / $0.seconds }, "steps/s", .atLeast(20_000)),
            Figure("W2 limit", samples.map { $0.steps / $0.limit }, "steps/s"),
            Figure("W2 of its limit", samples.map { 100 * $0.limit / $0.seconds }, "%", .atLeast(35)),
            Figure("W2 peak memory", samples.map(\.peak), "MB", .atMost(60)),
            Figure("W2 database", samples.map { $0.bytes / $0.steps }, "bytes/step", .atMost(400)),
        ]
    }

    private func graph() throws -> [Figure] {
        func sizes(_ width: Int) throws -> [Sample] {
            try measure { try Child.work(.graph, folder: $0, ["layers": 50, "width": width]).sample() }
        }
        let reading = try measure { try Child.work(.reading, folder: $0, ["layers": 50, "width": 20]).sample() }
        let (small, middle, large) = (try sizes(20), try sizes(200), try sizes(2000))
        func values(_ name: String, _ samples: [Sample]) -> [Double] { samples.map { $0[name, default: 0] } }
        return [
            Figure("W3 1,000 steps", values("seconds", small), "s", .atMost(0.1)),
            Figure("W3 10,000 steps", values("seconds", middle), "s"),
            Figure("W3 100,000 steps", values("seconds", large), "s", .atMost(8)),
            Figure("W3 reading 1,000 steps before", values("seconds", reading), "s"),
            Figure("W3 peak memory, 1,000 steps", values("peakMB", small), "MB"),
            Figure("W3 peak memory, 10,000 steps", values("peakMB", middle), "MB"),
            Figure("W3 peak memory, 100,000 steps", values("peakMB", large), "MB"),
        ]
    }

    private func recovery() throws -> [Figure] {
        let samples = try measure { folder in
            try Child.work(.interrupted, folder: folder).killAtFirstWord()
            return try Child.work(.recovery, folder: folder).sample()
        }
        return [
            Figure("W4 first step after", samples.map { $0["firstSeconds", default: 0] }, "s", .atMost(0.5)),
            Figure("W4 steps left", samples.map { $0["steps", default: 0] }, "steps"),
            Figure("W4 all done after", samples.map { $0["seconds", default: 0] }, "s", .atMost(1)),
            Figure("W4 finished steps repeated", samples.map { $0["repeated", default: 0] }, "steps", .atMost(0)),
        ]
    }

    private func first() throws -> [Figure] {
        let samples = try measure { try Child.work(.first, folder: $0).sample() }
        var figures = [
            Figure("W5 engine's first step", samples.map { 1000 * $0["firstSeconds", default: 0] }, "ms", .atMost(40))
        ]
        if let runner {
            let times = try measure { folder in try firstCommand(runner, folder) }
            figures.append(Figure("W5 program's first command", times, "ms", .atMost(40)))
        }
        return figures
    }

    /// Milliseconds from the start of the program to what the command of its first step writes.
    private func firstCommand(_ runner: String, _ folder: String) throws -> Double {
        let mark = folder + "/mark"
        let workflow = """
            workflow: first
            steps:
              clock: { uses: command.run, with: { script: "date +%s%N > \(mark)" } }
            """
        try workflow.write(toFile: folder + "/first.yaml", atomically: true, encoding: .utf8)
        var environment = ProcessInfo.processInfo.environment
        environment["RUNNER_HOME"] = folder + "/home"
        let start = Date().timeIntervalSince1970
        _ = try Child(program: runner, arguments: ["run", folder + "/first.yaml"], environment: environment).output()
        let text = try String(contentsOfFile: mark, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let nanoseconds = Double(text) else { throw Failure("the first command wrote '\(text)'") }
        return 1000 * (nanoseconds / 1e9 - start)
    }

    private func growth() throws -> [Figure] {
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let sample = try Child.work(.growth, folder: place, ["runs": history / 10]).sample()
        var figures: [Figure] = []
        var steps = 1000
        while steps <= history {
            for (name, unit) in [("rate", "steps/s"), ("bytes", "bytes/step"), ("peakMB", "MB")] {
                figures.append(
                    Figure("growth: \(name) at \(steps) steps", [sample["\(name) at \(steps)", default: 0]], unit))
            }
            steps *= 10
        }
        return figures
    }
}
