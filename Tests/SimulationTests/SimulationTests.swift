import Foundation
import Simulation
import Testing

@Suite struct SimulationTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as [UInt64])
    func oneSeedGivesOneHistory(seed: UInt64) throws {
        let first = try Simulation(Scenario(seed: seed)).play()
        let second = try Simulation(Scenario(seed: seed)).play()
        #expect(first.head == second.head)
        #expect(first.commits == second.commits)
    }
}
