import Testing
import Workflow

struct OutputBudgetTests {
    @Test("lines are kept as they are, empty ones too")
    func lines() {
        let budget = OutputBudget(limit: 1000)
        #expect(budget.admit("one") == ["one"])
        #expect(budget.admit("") == [""])
        #expect(budget.admit("a\n\nb\r\nc") == ["a", "", "b", "c"])
    }

    @Test("beyond the limit one line says so, and then there is nothing")
    func limit() {
        let budget = OutputBudget(limit: 20)
        #expect(budget.admit("123456789") == ["123456789"])
        #expect(budget.admit("1234567890\nnever") == ["… more than 20 bytes: the rest is not kept"])
        #expect(budget.admit("x") == [])
        // Exactly what there is room for.
        let full = OutputBudget(limit: 4)
        #expect(full.admit("abc\nd") == ["abc"])
        #expect(OutputBudget(limit: 0).admit("x") == [])
    }

    @Test("the limit holds however the lines come", arguments: [1, 7, 100, 10_000])
    func total(length: Int) {
        let budget = OutputBudget(limit: 50_000)
        var kept = 0
        for _ in 0..<(200_000 / length) {
            for line in budget.admit(String(repeating: "ü", count: length / 2 + 1)) { kept += line.utf8.count + 1 }
        }
        #expect(kept <= 50_000 + OutputBudget.longestLine && kept > 25_000)
    }

    @Test("a long line is cut, between scalars, also where one character is longer than any line")
    func longLine() throws {
        for character in ["x", "ü", "e" + String(repeating: "\u{301}", count: 9000)] {
            let line = try #require(
                OutputBudget(limit: 1 << 20).admit(String(repeating: character, count: 9000 / character.utf8.count + 1))
                    .first)
            #expect(line.hasSuffix("… (line cut)"))
            #expect(line.utf8.count <= OutputBudget.longestLine)
            #expect(!line.unicodeScalars.contains("\u{FFFD}"))
        }
        let longest = String(repeating: "x", count: OutputBudget.longestLine)
        #expect(OutputBudget(limit: 1 << 20).admit(longest) == [longest])
    }

    @Test("no cut leaves half a secret", arguments: [2040, 2045, 2047])
    func secrets(before: Int) {
        let budget = OutputBudget(limit: 1 << 20, redactor: Redactor(["hunter22", "two lines\nof a secret"]))
        let line = String(repeating: "x", count: before) + "hunter22" + String(repeating: "y", count: 9000)
        #expect(budget.admit(line).allSatisfy { !$0.contains("h") })
        #expect(budget.admit("a two lines\nof a secret b") == ["a *** b"])
    }
}
