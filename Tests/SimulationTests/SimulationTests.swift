import Foundation
import Simulation
import Testing

/// Random workflows meet random faults; what must always hold is checked after every event. `make soak` plays more.
@Suite struct SimulationTests {
    /// Plays a scenario; a failure names the seed, and shows the smallest scenario that fails alike.
    private func play(_ scenario: Scenario) throws {
        guard let violation = try Simulation(scenario).play().violation else { return }
        let smallest = Shrinker.shrink(scenario, violation.invariant) { try? Simulation($0).play().violation }
        let trace = try Simulation(smallest, isTraced: true).play().trace.joined(separator: "\n")
        Issue.record("seed \(scenario.seed): \(violation)\n\(smallest.yaml)\n\(trace)")
    }

    /// 10,000 runs.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func everyInvariantHolds(block: UInt64) throws {
        for seed in 1 + block * 500...500 + block * 500 { try play(Scenario(seed: seed)) }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func everyCommitMayBeTheLast(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        scenario.faults = []
        let commits = try Simulation(scenario).play().commits
        for commit in 1...max(1, commits) {
            for after in [false, true] {
                scenario.faults = [Scenario.Fault(moment: .commit(commit), action: .crash(after: after))]
                try play(scenario)
            }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func oneSeedGivesOneHistory(seed: UInt64) throws {
        let first = try Simulation(Scenario(seed: seed)).play()
        let second = try Simulation(Scenario(seed: seed)).play()
        #expect(first.head == second.head)
        #expect(first.commits == second.commits)
        let other = try Simulation(Scenario(seed: seed + 1000)).play()
        #expect(first.commits == 0 || first.head != other.head)
    }

    /// The store is the real one: every process opens the file anew.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func itHoldsOnARealFile(block: UInt64) throws {
        for seed in 1 + block * 10...10 + block * 10 {
            let first = try onFile(seed)
            #expect(first.violation == nil, "seed \(seed)")
            if seed % 10 == 0 { #expect(try onFile(seed).head == first.head) }
        }
    }

    private func onFile(_ seed: UInt64) throws -> Simulation.Outcome {
        let folder = NSTemporaryDirectory() + "simulation-\(UUID().uuidString)"
        defer {
            do {
                try FileManager.default.removeItem(atPath: folder)
            } catch {
                Issue.record("\(folder) is left behind: \(error)")
            }
        }
        return try Simulation(Scenario(seed: seed), store: .folder(folder)).play()
    }

    /// The moment for which a step of a stopped run slept comes together with a request that loads the run.
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func aTimerWakesNoRunThatHasStopped(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        var sleep = Scenario.Step(id: "s0", kind: .sleep)
        sleep.seconds = 5
        scenario.workflow.steps = [sleep, Scenario.Step(id: "s1", kind: .make)]
        scenario.workflow.rollsBack = false
        scenario.runs = 1
        scenario.parallel = 2
        (scenario.faultWindow, scenario.attention, scenario.commitTime, scenario.callTime) = (20_000, 500, 0, 0)
        scenario.faults = [
            Scenario.Fault(moment: .call(.apply, object: "r1/s1", count: 1), action: .permanent),
            Scenario.Fault(moment: .time(5_500), action: .request(.skip, step: "r1/s1", remotely: false)),
        ]
        try play(scenario)
    }

    @Test func aScenarioShrinksToWhatFails() {
        let scenario = Scenario(seed: 8)
        let crash = Scenario.Fault(moment: .commit(2), action: .crash(after: true))
        var failing = scenario
        failing.faults += [crash, Scenario.Fault(moment: .time(3), action: .stop)]
        let smallest = Shrinker.shrink(failing, .ends) {
            $0.faults.contains(crash) ? Violation(invariant: .ends, detail: "") : nil
        }
        #expect(smallest.faults == [crash])
        #expect(smallest.workflow.steps.count == 1)
        #expect(smallest.runs == 1)
    }
}
