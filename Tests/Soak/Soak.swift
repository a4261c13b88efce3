import ArgumentParser
import Foundation
import Simulation

/// Plays the scenarios of many seeds.
@main
struct Soak: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays simulated runs, one for each seed, and shrinks what fails.")

    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "How many.") var runs: UInt64 = 100_000
    @Option(help: "Only every so many seeds, for several processes.") var every: UInt64 = 1
    @Option(help: "A file that always holds the seed being played, should the program itself fail.") var mark: String?
    @Option(help: "Keep the journals in real SQLite files in this folder.") var folder: String?
    @Option(help: "Stop after so many failures.") var failures = 5
    @Flag(help: "Print what happens.") var trace = false
    @Flag(help: "Print the scenarios' workflows and faults.") var show = false

    func run() throws {
        var failed = 0
        var (played, commits, processes) = (0, 0, 0)
        let start = ContinuousClock.now
        var lastReport = start
        let marker = mark.flatMap { path in
            FileManager.default.createFile(atPath: path, contents: nil) ? FileHandle(forWritingAtPath: path) : nil
        }
        func report(_ word: String) {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            say(
                "\(word): \(played) runs from seed \(seed), \(commits) commits, \(processes) processes, \(failed) failed, "
                    + "\(Int(Double(played) / max(seconds, 0.001))) runs/s")
        }
        for number in stride(from: seed, to: seed + runs, by: UInt64.Stride(every)) {
            if let marker {
                try marker.seek(toOffset: 0)
                try marker.write(contentsOf: Data("\(number)\n".utf8))
            }
            let scenario = Scenario(seed: number)
            if show { say(scenario.yaml) }
            let outcome = try play(scenario)
            played += 1
            commits += outcome.commits
            processes += outcome.processes
            if trace { for line in outcome.trace { say(line) } }
            if let violation = outcome.violation {
                failed += 1
                say("seed \(number) after \(played) runs: \(violation)")
                let smallest = Shrinker.shrink(scenario, violation.invariant) { try? play($0).violation }
                say(smallest.yaml)
                for line in try play(smallest, isTraced: true).trace { say("  \(line)") }
                if failed >= failures { break }
            }
            if ContinuousClock.now - lastReport > .seconds(60) {
                report("so far")
                lastReport = ContinuousClock.now
            }
        }
        report("all")
        if failed > 0 { throw ExitCode.failure }
    }

    /// Not `print`, which keeps lines back where a file reads them.
    private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private func play(_ scenario: Scenario, isTraced: Bool = false) throws -> Simulation.Outcome {
        guard let folder else { return try Simulation(scenario, isTraced: trace || isTraced).play() }
        let place = "\(folder)/seed-\(scenario.seed)-\(UUID().uuidString)"
        let outcome = try Simulation(scenario, store: .folder(place), isTraced: trace || isTraced).play()
        try FileManager.default.removeItem(atPath: place)
        return outcome
    }
}
