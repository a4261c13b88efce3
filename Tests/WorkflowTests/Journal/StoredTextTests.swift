import Testing
import Workflow

struct StoredTextTests {
    @Test(
        arguments: [
            .null, true, false, 0, -1, .integer(.max), .integer(.min), .integer(.max - 1), .number(1.5),
            .number(-1e300),
            "", "text", "a \"quote\", a \\ and\na line", "ünï ☃ 🏔", [], [[]], [1, [.null, "a"], [:]], [:],
            ["a": 1, "b": ["c": [true]], "": "x", "\n": "\u{1}"],
        ] as [Value])
    func whatIsWrittenIsReadAgain(_ value: Value) throws {
        #expect(try StoredText.value(value.canonicalJSON) == value)
    }

    @Test(arguments: [
        " [1 , 2]", "[1.0]", "[1e3]", "[-0]", "9223372036854775808", "-9223372036854775809", "{\"a\":1,\"a\":2}",
        "\"\\u00e9\"", "{ }", "[\n]", "[1,]", "{\"a\":1,}",
    ])
    func otherJSONIsReadAsEverywhere(_ text: String) throws {
        #expect(try StoredText.value(text) == Value(json: text))
    }

    @Test(arguments: [
        "", "[", "[1", "[,1]", "{\"a\"}", "{\"a\":}", "{1:2}", "nul", "tru", "01", "-", "1 2", "[1]]", "\"",
        "\"\n\"", "[1}", "--1",
    ])
    func whatIsNoJSONIsRefused(_ text: String) {
        #expect(throws: (any Error).self) { try StoredText.value(text) }
    }

    @Test func depthIsNoFault() throws {
        let text = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(try StoredText.value(text) == Value(json: text))
    }
}
