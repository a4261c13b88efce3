import Foundation
import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(3)))
struct ClearMLGroupsTests {
    let randomBytes: @Sendable (Int) -> [UInt8] = { count in
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    func step() throws -> StepUnderTest {
        try StepUnderTest(ClearMLGroups(TestCluster.access(), randomBytes: randomBytes))
    }

    func input(_ namespace: String, _ groups: Value) -> [String: Value] {
        ["namespace": .string(namespace), "users_features": ["applications"], "groups": groups]
    }

    @Test("an id is made once and kept, also when its group goes and comes back; a rollback leaves nothing")
    func keptForGood() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step()
            let both = input(namespace, [["name": "one", "features": []], ["name": "two", "features": []]])
            let one = input(namespace, [["name": "one", "features": []]])
            #expect(try await step.observe(one).isAbsent)
            let (first, prior) = try await step.run(one)
            let id = try #require(first.values["ids"]?["one"]?.stringValue)
            #expect(UUID(uuidString: id) != nil)
            #expect(try await step.observe(one) == .present(first))
            #expect(try await step.apply(one, prior: prior) == first, "another apply makes nothing")

            #expect(
                try await step.observe(both).changes == [
                    Change("ConfigMap \(namespace)/runner-clearml-groups data.two", to: "a new id")
                ])
            let (second, secondPrior) = try await step.run(both)
            #expect(second.values["ids"]?["one"]?.stringValue == id)
            let other = try #require(second.values["ids"]?["two"]?.stringValue)
            #expect(other != id)
            #expect(try await step.observe(one) == .present(first), "a group that has gone leaves its id")
            #expect(try await step.apply(both).values["ids"]?["two"]?.stringValue == other)

            #expect(try await step.revert(both, prior: secondPrior) == [])
            #expect(try await step.observe(one) == .present(first))
            #expect(try await step.revert(one, prior: prior) == [])
            #expect(
                try await TestCluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "")
        }
    }

    @Test("a given id is taken, and never changed behind the members' back")
    func given() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step()
            let id: Value = "0b0ff5f9-1f0a-4f5e-9c3c-2f6a2e0a7a55"
            let (output, _) = try await step.run(input(namespace, [["name": "one", "features": [], "id": id]]))
            #expect(output.values["ids"] == ["one": id])
            let other = input(
                namespace, [["name": "one", "features": [], "id": "11111111-1f0a-4f5e-9c3c-2f6a2e0a7a55"]])
            let error = try #require(await #expect(throws: StepError.self) { try await step.observe(other) })
            #expect(error.kind == .conflict)
        }
    }

    @Test("without groups nothing is kept, and no namespace is made")
    func none() async throws {
        try await TestCluster.withNamespace { namespace in
            let observation = try await step().observe(input(namespace, []))
            #expect(observation.isPresent)
            #expect(
                try await TestCluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "")
        }
    }
}
