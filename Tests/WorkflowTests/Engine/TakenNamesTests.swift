import TestSupport
import Testing
import Workflow

struct TakenNamesTests {
    @Test func nothingIsTaken() {
        #expect(TakenNames(highest: nil).isFree(RunID("a")))
    }

    @Test func onlyWhatSortsAfterAllOthersIsSurelyFree() {
        let names = TakenNames(highest: RunID("m"))
        #expect(!names.isFree(RunID("l")))
        #expect(!names.isFree(RunID("m")))
        #expect(names.isFree(RunID("m.child")))
        #expect(names.isFree(RunID("n")))
    }

    @Test func whatWasTakenLaterIsNotFree() {
        var names = TakenNames(highest: RunID("m"))
        names.take(RunID("p"))
        #expect(!names.isFree(RunID("p")))
        #expect(names.isFree(RunID("o")))
        #expect(names.isFree(RunID("q")))
    }

    /// However many were forgotten, none of them passes as free.
    @Test(arguments: [1, 2, 7, 100]) func nothingTakenIsEverFree(limit: Int) {
        var names = TakenNames(highest: nil, limit: limit)
        var random = SeededGenerator(seed: UInt64(limit))
        var taken: [RunID] = []
        for _ in 0..<300 {
            let name = RunID(String(Int.random(in: 0..<100_000, using: &random)))
            names.take(name)
            taken.append(name)
            #expect(!taken.contains { names.isFree($0) })
        }
        #expect(names.isFree(RunID("z")))
    }

    /// The order is that of SQLite, not of Swift's strings, in which these two are equal.
    @Test func namesAreComparedByteByByte() {
        let names = TakenNames(highest: RunID("e\u{301}"))
        #expect(names.isFree(RunID("\u{e9}")))
        #expect(!TakenNames(highest: RunID("\u{e9}")).isFree(RunID("e\u{301}")))
    }
}
