import Foundation
import Testing
import Workflow

@Suite("The language as JSON Schema")
struct JSONSchemaTests {
    static let schema = JSONSchema.ofLanguage(catalog: Declared.catalog)

    @Test("every key of the language, and no other")
    func keys() throws {
        #expect(
            Self.schema["properties"]?.objectValue?.keys.sorted() == [
                "concurrency", "defaults", "description", "inputs", "on_failure", "outputs", "secrets", "steps",
                "version", "workflow",
            ])
        #expect(
            Self.schema["definitions"]?["step"]?["properties"]?.objectValue?.keys.sorted() == [
                "description", "for_each", "max_parallel", "needs", "outputs", "retry", "revert", "timeout",
                "total_timeout", "uses", "when", "with",
            ])
        #expect(Self.schema["additionalProperties"] == false)
    }

    @Test("the parameters of each step kind")
    func kinds() throws {
        let rules = try #require(Self.schema["definitions"]?["step"]?["allOf"]?.arrayValue)
        #expect(rules.count == Declared.catalog.all.count)
        let user = try #require(rules.first { $0["if"]?["properties"]?["uses"]?["const"] == "clearml.user" })
        let with = try #require(user["then"]?["properties"]?["with"])
        #expect(with["required"] == ["company", "email"])
        #expect(with["additionalProperties"] == false)
        #expect(
            with["properties"]?["role"] == [
                "anyOf": [
                    ["type": "string", "enum": ["admin", "user", "guest"]],
                    ["type": "string", "pattern": "\\$\\{\\{"],
                ],
                "default": "user", "description": "What the user may do.",
            ])
        #expect(user["then"]?["required"] == ["with"])
    }
}
