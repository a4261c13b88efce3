import Testing
import Workflow

struct StepInputTests {
    @Test("a parameter that is null counts as not given, whatever it is read as")
    func null() throws {
        let input = StepInput(["x": .null])
        #expect(input["x"] == Optional<Value>.none)
        #expect(try input.optionalString("x") == nil)
        #expect(try input.flag("x") == false)
        #expect(try input.strings("x") == [])
        #expect(try input.object("x") == [:])
        #expect(try input.duration("x") == nil)
        #expect(throws: StepError.self) { try input.string("x") }
    }
}
