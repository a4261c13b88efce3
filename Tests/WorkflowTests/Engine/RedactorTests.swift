import Foundation
import Testing
import Workflow

@Suite struct RedactorTests {
    private let redactor = Redactor(["s3cret/value+1", "12345678", "line one\nline two of it", "ab"])

    @Test(arguments: [
        ("plain s3cret/value+1 here", "plain *** here"),
        ("{\"k\":\"s3cret\\/value+1\"}", "{\"k\":\"s3cret\\/value+1\"}"),
        ("a s3cret%2Fvalue%2B1 b", "a *** b"),
        ("first line two of it", "first ***"),
        ("nothing of ab", "nothing of ab"),
        ("id 12345678", "id ***"),
    ])
    func texts(_ text: String, _ expected: String) {
        #expect(redactor.redact(text) == expected)
    }

    @Test func base64AtEveryOffset() {
        for before in 0..<6 {
            for after in 0..<4 {
                let text = String(repeating: "u", count: before) + "s3cret/value+1" + String(repeating: ":", count: after)
                let encoded = Data(text.utf8).base64EncodedString()
                #expect(redactor.redact(encoded).contains("***"), "\(before) \(after) \(encoded)")
                let url = encoded.replacing("+", with: "-").replacing("/", with: "_")
                #expect(redactor.redact(url).contains("***"), "\(url)")
            }
        }
    }

    @Test func valuesAtEveryDepth() {
        let value: Value = ["a": ["x s3cret/value+1"], "s3cret/value+1": 12_345_678, "n": 5, "z": .null]
        #expect(redactor.redact(value) == ["a": ["x ***"], "***": "***", "n": 5, "z": .null])
        #expect(redactor.finds(in: value))
        #expect(!redactor.finds(in: ["n": 5]))
    }

    @Test func longSecretsFirst() {
        let redactor = Redactor(["pass", "password-1"])
        #expect(redactor.redact("password-1 pass") == "*** ***")
    }

    @Test func sealedTextsOpenOnlyWhereTheyBelong() throws {
        let sealer = try Sealer(key: Data(repeating: 1, count: 32))
        let sealed = try sealer.seal(["k": "välue\n"], context: "r1/a")
        #expect(try sealer.open(sealed, context: "r1/a") == ["k": "välue\n"])
        #expect(try sealer.seal(["k": "välue\n"], context: "r1/a") != sealed)
        #expect(throws: SealError.self) { try sealer.open(sealed, context: "r1/b") }
        #expect(throws: SealError.self) { try Sealer(key: Data(repeating: 2, count: 32)).open(sealed, context: "r1/a") }
        #expect(throws: SealError.self) { try sealer.open("no base64", context: "r1/a") }
        #expect(throws: SealError.self) { try Sealer(key: Data(repeating: 1, count: 16)) }
    }
}
