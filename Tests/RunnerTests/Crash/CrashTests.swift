import Foundation
import Glibc
import TestSupport
import Testing

/// The real program on a real database, killed, cut off and failed by its disk at every call that changes a file.
///
/// How often: `RUNNER_TEST_CRASHES` deaths (60), from `RUNNER_TEST_SEED` (1) on; `make crash` does it 2,000 times.
@Suite(.timeLimit(.minutes(120))) struct CrashTests {
    private static func setting(_ name: String, _ usual: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? usual
    }

    private static let crashes = setting("RUNNER_TEST_CRASHES", 60)
    private static let seed = UInt64(setting("RUNNER_TEST_SEED", 1))

    @Test("killed before and after every call and cut off from power, a run loses nothing and does nothing twice")
    func deaths() async throws {
        let kinds = Fault.Kind.deaths
        try await play(until: Self.crashes, first: [.before, .after, .cut], then: kinds) { $0.isDeath }
    }

    @Test(
        "killed or cut off while it makes the database, it starts anew", arguments: [Fault.Kind.before, .after, .cut])
    func beginning(kind: Fault.Kind) async throws {
        for number in 1...24 {
            let home = try Home()
            try home.workflow(
                "quick",
                #"steps: { only: { uses: command.run, with: { script: "echo only >> HOME/done", idempotent: true } } }"#
            )
            let fault = Fault(kind: kind, number: number, seed: UInt32(number))
            let first = try home.start("run", "quick", environment: fault.environment(in: home))
            #expect(await first.result().status == 128 + SIGKILL)
            #expect(home.read("done") == nil)
            try await home.succeed("run", "quick")
            #expect(home.read("done") == "only\n")
        }
    }

    @Test("on a disk that is full, broken or read-only, a run stops with a clear text, and goes on once that is mended")
    func store() async throws {
        try await play(until: Self.crashes / 3, first: Fault.Kind.ofStore, then: Fault.Kind.ofStore) { !$0.isDeath }
    }

    /// Plays lives until so many faults were met.
    ///
    /// - Parameters:
    ///   - first: What the first process of a life meets, at each call in turn, as far as they go.
    ///   - then: What the others meet, at a call by chance.
    private func play(
        until count: Int, first: [Fault.Kind], then: [Fault.Kind], counting: (Fault.Kind) -> Bool
    ) async throws {
        var random = SeededGenerator(seed: Self.seed)
        let calls = try await callsOfALife()
        var places = first.flatMap { kind in (1...calls).map { Fault(kind: kind, number: $0) } }
        places.shuffle(using: &random)
        let all = places.count
        var met: [Fault.Kind: Int] = [:]
        var lives = 0
        func done() -> Int { met.filter { counting($0.key) }.values.reduce(0, +) }
        func tell() {
            let figures = met.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
            let text =
                "\(done()) faults in \(lives) runs (\(figures.joined(separator: ", "))); the first of a run at "
                + "\(all - places.count) of \(all) places, from seed \(Self.seed)\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
        while done() < count {
            lives += 1
            var faults: [Fault] = []
            if var place = places.popLast() {
                place.seed = UInt32.random(in: .min ... .max, using: &random)
                faults.append(place)
            }
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let kind = then.randomElement(using: &random) ?? .before
                let isOutside = Fault(kind: kind, number: 0).delay != nil
                let number = Int.random(in: 1...(isOutside ? 400 : calls), using: &random)
                faults.append(Fault(kind: kind, number: number, seed: UInt32.random(in: .min ... .max, using: &random)))
            }
            faults.reverse()
            let world = try World(lives % 2 == 0 ? .rolledBack : .succeeded)
            let life = Life(world, using: SeededGenerator(seed: random.next())) { faults.popLast() }
            try await life.live()
            let before = done()
            met.merge(life.faultsMet, uniquingKeysWith: +)
            if before / 250 < done() / 250 { tell() }
        }
        tell()
    }

    /// How many calls change a file in a run that nothing happens to.
    private func callsOfALife() async throws -> Int {
        let world = try World(.rolledBack)
        let log = world.home.path + "/calls"
        try await Life(world, using: SeededGenerator(seed: Self.seed), log: log) { nil }.live()
        return try #require(world.home.read("calls")).split(separator: "\n").count
    }
}
