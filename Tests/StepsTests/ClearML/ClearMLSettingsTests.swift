import Foundation
import Steps
import Testing
import Workflow

struct ClearMLSettingsTests {
    func entries(_ input: [String: Value]) async throws -> [String: String] {
        let step = try StepUnderTest(ClearMLSettings())
        let output = try await step.apply(input)
        #expect(try await step.observe(input) == .present(output))
        let list = try Value(json: try #require(output.secrets["env"])).arrayValue ?? []
        #expect(output.values["names"]?.arrayValue == list.map { $0["name"] ?? .null })
        return Dictionary(
            uniqueKeysWithValues: list.map { ($0["name"]?.stringValue ?? "", $0["value"]?.stringValue ?? "") })
    }

    @Test("every kind of value is written as HOCON, and null is left out")
    func values() async throws {
        let env = try await entries([
            "settings": [
                "secure.credentials.supervisor.email": "email@example.com",
                "secure.kafka.billing.sasl_plain_password": "0123",
                "apiserver.company.unique_names": true, "hosts.redis.billing.db": 2,
                "hosts.kafka.billing.host": ["kafka.billing:9092"], "secure.x": "a\"b\\c#d", "secure.y": .null,
            ]
        ])
        #expect(
            env == [
                "CLEARML__secure__credentials__supervisor__email": #""email@example.com""#,
                "CLEARML__secure__kafka__billing__sasl_plain_password": #""0123""#,
                "CLEARML__apiserver__company__unique_names": "true", "CLEARML__hosts__redis__billing__db": "2",
                "CLEARML__hosts__kafka__billing__host": #"["kafka.billing:9092"]"#,
                "CLEARML__secure__x": #""a\"b\\c#d""#,
            ])
    }

    @Test("a dollar sign survives what Kubernetes does to it")
    func dollars() async throws {
        #expect(try await entries(["settings": ["secure.x": "a$(B)$$c"]]) == ["CLEARML__secure__x": #""a$$(B)$$$$c""#])
    }

    @Test("overrides go over settings, entries over both, whatever the case of their names")
    func precedence() async throws {
        let env = try await entries([
            "settings": ["a.b": 1, "a.c": 1, "a.d": 1], "overrides": ["a.c": 2, "a.d": .null],
            "entries": [["name": "CLEARML__A__B", "value": "3"], ["name": "OTHER", "valueFrom": ["fieldRef": [:]]]],
        ])
        #expect(env == ["CLEARML__A__B": "3", "CLEARML__a__c": "2", "OTHER": ""])
    }

    @Test(
        "a path that the environment cannot name is refused", arguments: ["A.b", "a..b", "a.b__c", "a b", "", "a.b-c"])
    func badPath(path: String) async throws {
        await #expect(throws: StepError.self) { try await entries(["settings": [path: 1]]) }
    }

    @Test(
        "an entry without a name or a value is refused",
        arguments: [
            ["value": "x"], ["name": "X"], ["name": "X", "value": 1], ["name": "X", "value": "x", "valueFrom": [:]],
        ] as [Value])
    func badEntry(entry: Value) async throws {
        await #expect(throws: StepError.self) { try await entries(["settings": [:], "entries": [entry]]) }
    }
}
