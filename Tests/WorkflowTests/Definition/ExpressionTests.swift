import TestSupport
import Testing
import Workflow

@Suite("Expressions")
struct ExpressionTests {
    static let scope = Scope(
        [
            "inputs": [
                "name": "acme", "size": 3, "ratio": 1.5, "on": true, "empty": .null, "a-b": "dash",
                "domains": ["a.com", "b.com"], "nested": ["x": ["y": 7]], "numbers": [1, 2.5, true],
            ],
            "item": ["z": ["first"]], "index": 0, "run": ["id": "r1"],
        ],
        steps: [
            "my-step": ["out": "o"], "skipped": .null, "each": [["id": "1"], ["id": "2"]],
            "odd": ["key with space": 1],
        ])

    static func evaluate(_ text: String) -> String {
        do {
            return try Expression(parsing: text).evaluate(in: scope).canonicalJSON
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "values",
        arguments: [
            ("inputs.name", "\"acme\""), ("inputs[\"a-b\"]", "\"dash\""), ("inputs.a-b", "\"dash\""),
            ("steps.my-step.out", "\"o\""), ("steps['my-step']['out']", "\"o\""), ("item.z[0]", "\"first\""),
            ("inputs.nested.x.y", "7"), ("inputs.domains[1]", "\"b.com\""), ("index", "0"),
            ("'it''s'", "\"it's\""), ("\"a\\\"\\n\\u00e9\"", "\"a\\\"\\n\u{e9}\""), ("'a\\b'", "\"a\\\\b\""),
            ("42", "42"), ("-7", "-7"), ("1.5", "1.5"), ("-2e3", "-2000"), ("2.0", "2"), ("null", "null"),
            ("true", "true"), ("inputs.size == 3", "true"), ("inputs.size == 3.0", "true"),
            ("inputs.size != 3", "false"), ("inputs.size > 2 && inputs.size <= 3", "true"),
            ("inputs.ratio < 1.6", "true"), ("'a' < 'b'", "true"), ("inputs.name == 'acme' || inputs.none", "true"),
            ("!inputs.on", "false"), ("!!inputs.on", "true"), ("!(1 == 2) && true", "true"),
            ("false && inputs.none", "false"), ("true || false && false", "true"),
            ("steps.skipped.out", "null"), ("steps.skipped.out.deeper[3]", "null"), ("steps.skipped && true", "false"),
            ("steps.each[1].id", "\"2\""), ("steps.odd['key with space']", "1"), ("[1]", ""),
            ("default(inputs.none, 'x')", "\"x\""), ("default(inputs.empty, 1)", "1"),
            ("default(inputs.nested.q.r, 2)", "2"), ("default(inputs.domains[9], 3)", "3"),
            ("default(inputs.name, inputs.none)", "\"acme\""), ("if(inputs.on, 1, inputs.none)", "1"),
            ("join(inputs.domains, ', ')", "\"a.com, b.com\""), ("join(inputs.numbers, '-')", "\"1-2.5-true\""),
            ("json(inputs.nested)", "\"{\\\"x\\\":{\\\"y\\\":7}}\""),
            ("from_json('[1,{\"a\":null}]')[1]", "{\"a\":null}"),
            ("base64('h\u{e9}llo')", "\"aMOpbGxv\""), ("lower('ABC')", "\"abc\""), ("trim(' a b\n')", "\"a b\""),
            ("length(inputs.domains)", "2"), ("length('h\u{e9}')", "2"), ("length(steps.skipped)", "0"),
            ("contains(inputs.domains, 'a.com')", "true"), ("contains('abc', 'd')", "false"),
            ("contains(inputs.nested, 'x')", "true"), ("contains(inputs.numbers, 2.5)", "true"),
            ("replace('a.b.c', '.', '-')", "\"a-b-c\""), ("split('a,b', ',')", "[\"a\",\"b\"]"),
            ("concat(inputs.domains, split('c', ','))", "[\"a.com\",\"b.com\",\"c\"]"),
            ("keys(inputs.nested)", "[\"x\"]"),
            (
                "entries(from_json('{\"B\":1,\"A\":2}'))",
                "[{\"name\":\"A\",\"value\":2},{\"name\":\"B\",\"value\":1}]"
            ),
            ("merge(inputs.nested, from_json('{\"x\":{\"z\":1}}'))", "{\"x\":{\"y\":7,\"z\":1}}"),
            ("pluck(steps.each, 'id')", "[\"1\",\"2\"]"),
            ("hocon_quote('a@b.c \"x\"')", "\"\\\"a@b.c \\\\\\\"x\\\\\\\"\\\"\""), ("hocon_quote(0)", "\"\\\"0\\\"\""),
            ("hocon_quote(inputs.domains)", "\"[\\\"a.com\\\",\\\"b.com\\\"]\""),
            ("uuid('a') == uuid('a') && uuid('a') != uuid('b')", "true"),
            ("uuid('tenant/acme')", "\"fece8be5-fb3a-50ce-88f7-adfc7a37257c\""),
        ].filter { !$0.1.isEmpty })
    func values(text: String, expected: String) {
        #expect(Self.evaluate(text) == expected)
    }

    @Test(
        "faults when read",
        arguments: [
            (
                "",
                "expression:1:1: the end stands where a value is expected [badExpression]\n  fix: write a path such as inputs.name, a literal, or a function call"
            ),
            ("a = b", "expression:1:3: '=' means nothing in an expression [badExpression]\n  fix: write '=='"),
            (
                "a b",
                "expression:1:3: 'b' is not expected here [badExpression]\n  fix: write an operator before it, or remove it"
            ),
            ("1 < 2 < 3", "expression:1:7: comparisons cannot be chained [badExpression]\n  fix: write a < b && b < c"),
            (
                "(a",
                "expression:1:3: the end stands where ')' is expected [badExpression]\n  fix: write ')' after the expression"
            ),
            (
                "a.1",
                "expression:1:3: the number 1 stands where a name is expected [badExpression]\n  fix: write a name after the dot, or ['…'] for other keys"
            ),
            ("'abc", "expression:1:1: this string is never closed [badExpression]\n  fix: write ' after it"),
            (
                "\"\\x\"",
                "expression:1:2: unknown escape in a string [badExpression]\n  fix: write \\\\ for a backslash, or use single quotes, where backslashes are plain text"
            ),
            (
                "99999999999999999999",
                "expression:1:1: '99999999999999999999' is no number that fits [badExpression]\n  fix: correct the number; there is no subtraction"
            ),
            ("lenght(a)", "expression:1:1: there is no function 'lenght' [unknownFunction]\n  fix: write 'length'"),
            (
                "join(a)",
                "expression:1:1: 'join' does not take 1 argument [wrongArguments]\n  fix: write join(list, separator)"
            ),
            (
                "{}",
                "expression:1:1: '{' means nothing in an expression [badExpression]\n  fix: write the object in the file, outside of the expression"
            ),
        ])
    func readingFaults(text: String, expected: String) {
        #expect(Self.evaluate(text) == expected)
    }

    @Test(
        "faults when evaluated",
        arguments: [
            (
                "inputs.nmae",
                "'inputs.nmae': there is no 'nmae': write 'name', or default(inputs.nmae, …) where it may be missing (in 'inputs.nmae')"
            ),
            ("steps.other.x", "there is no step 'other' (in 'steps.other.x')"),
            (
                "inputs.domains[5]",
                "'inputs.domains[5]': there is no element 5: the list has 2, counted from 0 (in 'inputs.domains[5]')"
            ),
            (
                "inputs.domains.x",
                "'inputs.domains.x' asks a list for a name: write [0] for its first element, or pluck(list, name) (in 'inputs.domains.x')"
            ),
            (
                "inputs.name.x",
                "'inputs.name.x' asks for a member of a value of type string, which has none (in 'inputs.name.x')"
            ),
            (
                "inputs.name && true",
                "'inputs.name' is of type string, not true or false: compare it with something (in 'inputs.name && true')"
            ),
            ("1 < 'a'", "'<' compares two numbers or two strings, not integer and string (in '1 < \"a\"')"),
            (
                "join(inputs.name, ',')",
                "argument 1 of join(list, separator) must be a list, not string (in 'join(inputs.name, \",\")')"
            ),
            (
                "lower(inputs.empty)",
                "argument 1 of lower(text) must be text, not null; use default(…, …) where it may be missing (in 'lower(inputs.empty)')"
            ),
        ])
    func evaluationFaults(text: String, expected: String) {
        #expect(Self.evaluate(text) == "expression:1:1: \(expected)")
    }

    @Test("a step that has not run yet is passed on as such")
    func notYetKnown() throws {
        let scope = Scope(lookup: { _ in nil }) { id throws(EvaluationError) in throw .notYetKnown(step: id) }
        #expect(throws: EvaluationError.notYetKnown(step: "a")) {
            try Expression(parsing: "default(steps.a.x, 1)").evaluate(in: scope)
        }
    }

    @Test("the steps that are read")
    func steps() throws {
        let expression = try Expression(parsing: "join(steps.a.x, steps['b-c'].y) == inputs[steps.d.k] || !steps.e")
        #expect(expression.steps == ["a", "b-c", "d", "e"])
        #expect(try Template(parsing: "x ${{ steps.a.y }} ${{ steps.b }}").steps == ["a", "b"])
    }

    @Test("what is written out reads the same again", arguments: ["(a || b) && !(c == 1)", "f.g['h i'][0].j-k"])
    func description(text: String) throws {
        let once = try Expression(parsing: text).description
        #expect(try Expression(parsing: once).description == once)
    }

    @Test(
        "it has the parentheses it needs, and no others",
        arguments: [
            "(!f).g", "(a || b)[0]", "!(a == b)", "a && (b && c)", "a && b || c", "(a || b) && c", "a || (b || c)",
            "2.0",
            "!f.g == h",
        ])
    func parentheses(text: String) throws { #expect(try Expression(parsing: text).description == text) }

    @Test("no expression can exhaust the stack or the memory")
    func limits() {
        #expect(Self.evaluate(String(repeating: "(", count: 100_000)).contains("too l"))
        #expect(Self.evaluate(String(repeating: "!", count: 500) + "true").contains("too large"))
        #expect(Self.evaluate(Array(repeating: "true", count: 900).joined(separator: "||")).contains("too large"))
        let growing = (0..<20).reduce("'aaaaaaaaaa'") { text, _ in "replace(\(text), 'a', 'aaaaaaaaaa')" }
        #expect(Self.evaluate(growing).contains("longer than 8 MiB"))
        #expect(Self.evaluate("from_json('\(String(repeating: "[", count: 5000))')").contains("is not JSON"))
    }

    @Test("random text never traps", arguments: [UInt64](1...20))
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "inputs", ".", "name", "[", "]", "(", ")", "'", "\"", "\\", "==", "!", "&&", "||", "<", "1", "-", "9e999",
            " ", ",", "default", "join", "steps", "my-step", "}}", "${{", "\u{e9}", "\n", "null",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            #expect(!Self.evaluate(text).isEmpty)
            _ = try? Template(parsing: text).evaluate(in: Self.scope)
        }
    }
}

@Suite("Templates")
struct TemplateTests {
    @Test(
        "texts and types",
        arguments: [
            ("plain", "\"plain\""), ("${{ inputs.size }}", "3"), ("${{inputs.domains}}", "[\"a.com\",\"b.com\"]"),
            ("v${{ inputs.size }}-${{ inputs.name }}", "\"v3-acme\""), (" ${{ inputs.size }}", "\" 3\""),
            ("$${{ x }}", "\"${{ x }}\""), ("a $${{ ${{ inputs.name }}", "\"a ${{ acme\""), ("$", "\"$\""),
            ("${{ '}}' }}", "\"}}\""), ("{{ x }}", "\"{{ x }}\""), ("${{ inputs.ratio }}x", "\"1.5x\""),
        ])
    func values(text: String, expected: String) throws {
        #expect(try Template(parsing: text).evaluate(in: ExpressionTests.scope).canonicalJSON == expected)
    }

    @Test("null, lists and objects do not become text by themselves")
    func noText() throws {
        #expect(
            throws: EvaluationError.invalid(
                "template:1:1: 'inputs.empty' is null within a text: use default(…, '') where it may be missing")
        ) {
            try Template(parsing: "a${{ inputs.empty }}").evaluate(in: ExpressionTests.scope)
        }
        #expect(
            throws: EvaluationError.invalid(
                "template:1:1: 'inputs.domains' is array within a text: use json(…) or join(…, ',')")
        ) {
            try Template(parsing: "a${{ inputs.domains }}").evaluate(in: ExpressionTests.scope)
        }
    }

    @Test("merging goes deep, and passes over null")
    func merged() throws {
        let template = Template.merged([
            .literal(["a": ["x": 1, "y": [1]], "b": 1]), .literal(.null),
            .literal(["a": ["y": [2], "z": 3], "b": .null]),
        ])
        #expect(try template.evaluate(in: ExpressionTests.scope) == ["a": ["x": 1, "y": [2], "z": 3], "b": .null])
    }

    @Test("an expression that is never closed")
    func unclosed() {
        #expect(throws: DefinitionErrors.self) { try Template(parsing: "a ${{ b") }
    }
}
