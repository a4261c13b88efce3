import Testing
import Workflow

@Suite struct StepInputTests {
    private let input = StepInput([
        "text": "x", "number": 3, "flag": true, "list": ["a", "b"], "mixed": ["a", 1], "map": ["k": 1], "none": .null,
        "time": "1m30s", "seconds": 5,
    ])

    @Test func parametersAreReadByType() throws {
        #expect(try input.string("text") == "x")
        #expect(try input.integer("number") == 3)
        #expect(try input.flag("flag"))
        #expect(try input.strings("list") == ["a", "b"])
        #expect(try input.object("map") == ["k": 1])
        #expect(try input.duration("time") == .seconds(90))
        #expect(try input.duration("seconds") == .seconds(5))
    }

    @Test(arguments: ["none", "missing"]) func nullIsAsGoodAsMissing(_ name: String) throws {
        #expect(input[name] == Optional.none)
        #expect(try input.optionalString(name) == Optional.none)
        #expect(try !input.flag(name))
        #expect(try input.strings(name).isEmpty)
        #expect(try input.object(name).isEmpty)
        #expect(try input.duration(name) == Optional.none)
        #expect(throws: StepError.self) { try input.string(name) }
        #expect(throws: StepError.self) { try input.integer(name) }
    }

    @Test func theWrongTypeIsAPermanentErrorThatNamesTheParameter() {
        for read in [
            { _ = try input.string("number") }, { _ = try input.integer("text") }, { _ = try input.flag("text") },
            { _ = try input.strings("mixed") }, { _ = try input.object("list") }, { _ = try input.duration("text") },
        ] as [() throws -> Void] {
            let error = #expect(throws: StepError.self) { try read() }
            #expect(error?.kind == .permanent)
            #expect(error?.message.hasPrefix("parameter '") == true)
        }
    }
}
