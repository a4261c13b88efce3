import Foundation
import TestSupport
import Testing

/// How a run went that was killed again and again.
struct Toll: CustomStringConvertible {
    var run: String
    /// Every step that was begun.
    var begun: Set<String>
    /// Those that were under way when the program was killed; the others had ended before the kill arrived.
    var struck: Set<String> = []
    var kills = 0

    var missed: Set<String> { begun.subtracting(struck) }

    var description: String {
        "\(kills) kills, \(struck.count) of \(begun.count) steps under way, not \(missed.sorted())"
    }
}

extension Home {
    /// Drives a run to its end, and kills the program while each of its steps is under way, once: every second time with
    /// all that it has started. Steps that are under way together are struck together.
    ///
    /// - Parameters:
    ///   - arguments: What begins it; a rollback is of a run that is there.
    ///   - short: Steps that may end before the kill arrives, as they take no longer than the disk does: those that look
    ///     into the registry, or write to it. Of the others as many may escape as are a fifth of all: a busy machine kills
    ///     late.
    ///   - later: Where given, each step that lasts is struck a second time, at a moment of its course up to this.
    @discardableResult
    func killAtEach(
        _ way: StepWatch.Way, of arguments: [String], short: Set<String> = [], later: Duration? = nil,
        seed: UInt64 = 1, location: SourceLocation = #_sourceLocation
    ) async throws -> Toll {
        let end = way == .forth ? "succeeded" : "rolledBack"
        let watch = Watcher(way, database, after: try await journalEnd(), later: later, seed: seed)
        var (arguments, kills) = (arguments, 0)
        while true {
            let process = try start(arguments)
            async let ended = process.result()
            let isKilled = try await watch.strike(process, children: kills % 2 == 0)
            let result = await ended
            if isKilled, result.isKilled { kills += 1 }
            let run = try #require(try await watch.finish(), "\(result.text)", sourceLocation: location)
            // The last kill may come when all is done, and only the program has not ended yet.
            guard result.isKilled, try await show(run).status != end else {
                try #require(try await show(run).status == end, "\(result.text)", sourceLocation: location)
                // To resume a rollback ends with its run's status, and that is no success.
                let status: Int32 = way == .back && arguments.first == "resume" ? 1 : 0
                #expect(result.isKilled || result.status == status, "\(result.text)", sourceLocation: location)
                let toll = await Toll(run: run, begun: watch.begun, struck: watch.struck, kills: kills)
                try await check(toll, await watch.repeated, short, location)
                return toll
            }
            arguments = ["resume", run]
        }
    }

    private func check(
        _ toll: Toll, _ repeated: [String], _ short: Set<String>, _ location: SourceLocation
    ) async throws {
        print("killed at each step: \(toll.run): \(toll)")
        let escaped = toll.missed.subtracting(short)
        #expect(escaped.count * 5 <= toll.begun.count, "\(toll)", sourceLocation: location)
        #expect(repeated == [], sourceLocation: location)
        try await succeed("audit", "verify", location: location)
        #expect(try await integrity() == "ok", sourceLocation: location)
        #expect(try await sandbox.helm("list", "-A", "--pending", "-q").isEmpty, sourceLocation: location)
    }

    /// The sequence of the journal's last entry.
    func journalEnd() async throws -> Int {
        guard FileManager.default.fileExists(atPath: database) else { return 0 }
        return try await query("SELECT coalesce(max(sequence), 0) FROM journal").first.flatMap(Int.init) ?? 0
    }
}

/// Watches a journal while programs write it, and chooses the moments at which they die.
private actor Watcher {
    private(set) var struck: Set<String> = []
    private let (way, path, sequence): (StepWatch.Way, String, Int)
    private let later: Duration?
    private var random: SeededGenerator
    private var watch: StepWatch?
    /// Steps that were struck a second time, or have had their chance.
    private var settled: Set<String> = []

    var begun: Set<String> { watch?.begun ?? [] }
    var repeated: [String] { watch?.repeated ?? [] }

    init(_ way: StepWatch.Way, _ path: String, after sequence: Int, later: Duration?, seed: UInt64) {
        (self.way, self.path, self.sequence, self.later) = (way, path, sequence, later)
        random = SeededGenerator(seed: seed)
    }

    /// - Returns: Whether it has killed the process; false where that ended by itself.
    func strike(_ process: RunningProgram, children: Bool) async throws -> Bool {
        var second: (step: String, moment: ContinuousClock.Instant)?
        while ProcessWatch.isAlive(process.pid) {
            let new = try look()
            if let later, second == nil, let step = new.intersection(struck).subtracting(settled).min() {
                second = (step, .now + later * Double.random(in: 0...1, using: &random))
            }
            let isTime = second.map { $0.moment <= .now && watch?.underWay.contains($0.step) == true } ?? false
            if !new.isSubset(of: struck) || isTime {
                process.kill(children: children)
                if isTime, let second { settled.insert(second.step) }
                return true
            }
            if let step = second?.step, watch?.underWay.contains(step) != true {
                settled.insert(step)
                second = nil
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }

    private func look() throws -> Set<String> {
        if watch == nil, FileManager.default.fileExists(atPath: path) {
            watch = try StepWatch(way, path, after: sequence)
        }
        return try watch?.look() ?? []
    }

    /// The process is dead: what was under way then is what the journal says now.
    ///
    /// - Returns: The run; nil where none was begun.
    func finish() throws -> String? {
        _ = try look()
        struck.formUnion(watch?.underWay ?? [])
        return watch?.run
    }
}
