import Testing
import Workflow

@Suite("Schemas")
struct SchemaTests {
    static let fields: [Parameter] = [
        Parameter("name", .string(pattern: "[a-z]+"), required: true, "A name."),
        Parameter("size", .integer(1...9), default: 3, "A size."),
        Parameter("mode", .oneOf("fast", "safe"), "A mode."),
        Parameter(
            "ports",
            .array(
                .object([
                    Parameter("port", .integer, required: true, ""), Parameter("tls", .boolean, default: false, ""),
                ])),
            "Ports."),
        Parameter("values", .template, "Values."),
    ]

    @Test("all faults of a value, by path, without the value")
    func check() {
        let faults = Schema.object(Self.fields).check(
            ["name": "Abc", "size": 10, "mode": "saef", "ports": [["port": "x"], 5], "other": 1, "values": "a.yaml"],
            at: "with")
        #expect(
            faults.map(\.description).joined(separator: "\n") == """
                with.other is not known here [unknownKey]
                  fix: use one of mode, name, ports, size, values
                with.name does not match [a-z]+ [invalidValue]
                  fix: write text that the pattern matches as a whole
                with.size is out of range [invalidValue]
                  fix: write a whole number from 1 to 9
                with.mode is none of fast, safe [invalidValue]
                  fix: write 'safe'
                with.ports[0].port must be a whole number, not string [wrongType]
                  fix: write a whole number
                with.ports[1] must be an object, not integer [wrongType]
                  fix: write an object
                with.values must be an object, or the path of a .yaml file, not string [wrongType]
                  fix: write an object, or the path of a .yaml file
                """)
    }

    @Test("parameters are checked and filled in")
    func resolve() throws {
        let values = try Self.fields.resolve(["name": "abc", "ports": [["port": 1]], "mode": .null])
        #expect(values == ["name": "abc", "size": 3, "ports": [["port": 1, "tls": false]], "mode": .null])
        #expect(throws: SchemaFaults.self) { try Self.fields.resolve(["size": .null]) }
    }

    typealias FormatCase = (format: Schema.Format, good: [String], bad: [String])
    static let longLabel = String(repeating: "a", count: 64)
    static let formatCases: [FormatCase] = [
        (
            .email, ["a@b.co", "first.last+tag@sub.example.com"],
            ["a", "a@b", "@b.co", "a b@c.de", "a@b@c.de", "a@-b.co"]
        ),
        (.hostname, ["a", "a.b-c.d1", "localhost"], ["", "-a", "a-", "a..b", "a_b", "a.", longLabel]),
        (
            .uri, ["https://a.b/c?d=e#f", "oci://r/x", "mailto:a@b.c"],
            ["", "a.b", "https://", "http:///x", "1a:b", "a: b"]
        ),
        (
            .uuid, ["7d444840-9dc0-11d1-b245-5ffdce74fad2"],
            ["7d4448409dc011d1b2455ffdce74fad2", "7d444840-9dc0-11d1-b245-5ffdce74fadg"]
        ),
        (.path, ["/a/b", "a"], ["", "a\0b"]),
        (
            .duration, ["0", "5", "90s", "1h30m", "250ms", "2d"],
            ["", "s", "-1", "1w", "1.5h", "99999999999999999999", "1000000000d"]
        ),
        (.ipv4, ["0.0.0.0", "10.1.2.255"], ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.1.1.1", "1..1.1", "a.b.c.d"]),
    ]

    @Test("formats", arguments: formatCases)
    func formats(given: FormatCase) {
        #expect(given.good.filter { !given.format.accepts($0) } == [])
        #expect(given.bad.filter { given.format.accepts($0) } == [])
    }

    @Test("a pattern must match the whole text")
    func patterns() {
        let schema = Schema.string(pattern: "^a|b$")
        #expect(schema.check("a", at: "x").isEmpty)
        #expect(schema.check("b", at: "x").isEmpty)
        #expect(!schema.check("ab", at: "x").isEmpty)
        #expect(!schema.check("a\n", at: "x").isEmpty)
        #expect(!Schema.string(pattern: "[").check("[", at: "x").isEmpty)
    }

    @Test(
        "text of a command line",
        arguments: [
            (Schema.string, "5", "\"5\""), (.integer, "5", "5"), (.number, "1.5", "1.5"), (.boolean, "true", "true"),
            (.array(.string), "a,b", "[\"a\",\"b\"]"), (.array(.integer), "1, 2", "[1,2]"), (.array(.string), "", "[]"),
            (.array(.string), "[a, 'b,c']", "[\"a\",\"b,c\"]"),
            (.map(.any), "{a: 1, b: [x]}", "{\"a\":1,\"b\":[\"x\"]}"),
            (.any, "3", "3"), (.any, "text", "\"text\""), (.any, "{\"a\": null}", "{\"a\":null}"),
            (Schema(.oneOf([.integer, .string])), "7", "7"), (Schema(.oneOf([.integer, .string])), "x", "\"x\""),
        ] as [(Schema, String, String)])
    func coerce(schema: Schema, text: String, expected: String) throws {
        #expect(try schema.coerce(text, at: "x").canonicalJSON == expected)
    }

    @Test(
        "text that cannot be read so",
        arguments: [(Schema.integer, "x"), (.boolean, "yes"), (.number, "inf"), (.map(.any), "{a")])
    func coerceFaults(schema: Schema, text: String) {
        #expect(throws: SchemaFault.self) { try schema.coerce(text, at: "x") }
    }
}

@Suite("Values given to a run")
struct GivenValuesTests {
    static let workflow = """
        workflow: w
        inputs:
          name: { type: string, pattern: "[a-z]+" }
          size: { type: integer, minimum: 1, default: 2 }
          wish: { type: string, required: false }
          groups:
            type: array
            default: []
            items:
              type: object
              properties: { id: { type: string, format: uuid }, role: { type: string, default: user } }
        secrets: { token: {}, spare: { required: false } }
        steps: { a: { uses: sleep, with: { duration: 1s } } }
        """

    @Test("defaults are filled in, at every depth")
    func resolve() throws {
        let definition = try Declared.load(Self.workflow).definition
        #expect(
            try definition.resolveInputs(given: ["name": "abc"])
                == ["name": "abc", "size": 2, "wish": .null, "groups": []])
        let id: Value = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
        #expect(
            try definition.resolveInputs(given: ["name": "abc", "groups": [["id": id]]])["groups"]
                == [["id": id, "role": "user"]])
        #expect(
            try definition.coerceInputs(["name": "5", "size": "7", "groups": "[{id: x}]"])
                == ["name": "5", "size": 7, "groups": [["id": "x"]]])
    }

    @Test("all faults at once")
    func faults() throws {
        let definition = try Declared.load(Self.workflow).definition
        do throws(DefinitionErrors) {
            _ = try definition.resolveInputs(given: ["nmae": "x", "size": 0, "groups": [["id": "x", "rol": "y"], 3]])
            Issue.record("bad inputs were taken")
        } catch {
            #expect(
                error.description == """
                    workflow 'w' has no input 'nmae' [unknownInput]
                      fix: write 'name'
                    input 'name' of workflow 'w' is missing [missingInput]
                      fix: give it with -i name=…, a string, or in the file named with -f
                    input 'size' is out of range [invalidValue]
                      fix: write a whole number, 1 or more
                    input 'groups[0].rol' is not known here [unknownKey]
                      fix: write 'role'
                    input 'groups[0].id' is not a UUID [invalidValue]
                      fix: write something like 7d444840-9dc0-11d1-b245-5ffdce74fad2
                    input 'groups[1]' must be an object, not integer [wrongType]
                      fix: write an object
                    """)
        }
        do throws(DefinitionErrors) {
            try definition.checkSecrets(bound: ["tokn"])
            Issue.record("bad secrets were taken")
        } catch {
            #expect(
                error.description == """
                    workflow 'w' has no secret 'tokn' [unknownSecret]
                      fix: write 'token'
                    secret 'token' of workflow 'w' is not bound [missingSecret]
                      fix: bind it with --secret token=env:VARIABLE, or file:PATH
                    """)
        }
        try definition.checkSecrets(bound: ["token"])
        #expect(throws: DefinitionErrors.self) { try definition.coerceInputs(["size": "big"]) }
    }
}

@Suite("Durations and numbers")
struct DurationTests {
    @Test("no text and no duration traps")
    func bounds() {
        #expect(Duration(text: "1h30m") == .seconds(5400))
        #expect(Duration(text: "999999999d999999999d") == nil)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect(Duration.milliseconds(1500).milliseconds == 1500)
    }

    @Test("whole numbers are written as they are read back")
    func numbers() throws {
        for value: Value in [.number(2), .number(-0.0), .number(1e300), .number(0.1), .number(.infinity)] {
            let text = value.canonicalJSON
            #expect(try Value(json: text).canonicalJSON == text)
        }
        #expect(Value.number(2).canonicalJSON == "2")
    }
}
