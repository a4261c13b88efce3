import Foundation
import Steps
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere, TestCluster.hint), .timeLimit(.minutes(20)))
struct KubernetesSecretTests {
    @Test("generated values are made once, read ever after, and never part of what is recorded")
    func generatedOnce() async throws {
        try await TestCluster.withNamespace { namespace in
            let access = try TestCluster.access()
            let step = try StepUnderTest(KubernetesSecret(access, randomBytes: randomBytes))
            let input: [String: Value] = [
                "name": "redis", "namespace": .string(namespace), "create_namespace": true,
                "data": ["user": "billing"],
                "generate": ["password": ["kind": "alphanumeric", "length": 20], "id": ["kind": "uuid"]],
            ]
            let first = try await step.observe(input)
            #expect(first == .absent(prior: ["existed": false, "keys": [], "namespaceExisted": false]))
            let output = try await step.apply(input, prior: first.prior)
            #expect(output.secrets["user"] == "billing")
            #expect(output.secrets["password"]?.count == 20)
            #expect(UUID(uuidString: output.secrets["id"] ?? "") != nil)
            #expect(output.values == ["name": "redis", "namespace": .string(namespace)])

            #expect(try await step.observe(input) == .present(output))
            #expect(try await step.apply(input, prior: first.prior) == output, "another apply generates nothing")

            try await TestCluster.kubectl(
                "patch", "secret", "redis", "-n", namespace, "--type=merge", "-p={\"stringData\":{\"user\":\"other\"}}")
            #expect(
                try await step.observe(input).changes == [
                    Change("Secret \(namespace)/redis data.user", from: "(hidden)", to: "(hidden)")
                ])
            #expect(try await step.revert(input, prior: first.prior) == [])
            #expect(
                try await TestCluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "")
        }
    }

    @Test("a key that is given gets its value, and one whose value is null is generated, and kept from then on")
    func givenOrGenerated() async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try StepUnderTest(KubernetesSecret(TestCluster.access(), randomBytes: randomBytes))
            var input: [String: Value] = [
                "name": "user", "namespace": .string(namespace), "create_namespace": true,
                "data": ["key": .null, "secret": "mine"],
                "generate": ["key": ["length": 20], "secret": ["length": 20]],
            ]
            let made = try await step.run(input).output.secrets
            #expect(made["key"]?.count == 20)
            #expect(made["secret"] == "mine")
            input["data"] = ["key": .null, "secret": .null]
            #expect(try await step.observe(input).isPresent, "what is no longer given stays as it is")
            input["data"] = ["key": "GIVEN"]
            #expect(
                try await step.observe(input).changes == [
                    Change("Secret \(namespace)/user data.key", from: "(hidden)", to: "(hidden)")
                ])
            #expect(try await step.run(input).output.secrets == ["key": "GIVEN", "secret": "mine"])
            input["data"] = ["key": 1]
            let error = await #expect(throws: StepError.self) { _ = try await step.observe(input) }
            #expect(error?.message == "'data.key' is no text")
        }
    }

    @Test("a Secret that was there keeps its values, and loses only what this run added")
    func existing() async throws {
        try await TestCluster.withNamespace { namespace in
            try await TestCluster.kubectl("create", "namespace", namespace)
            try await TestCluster.kubectl(
                "create", "secret", "generic", "redis", "-n", namespace, "--from-literal=password=kept")
            let step = try StepUnderTest(KubernetesSecret(TestCluster.access(), randomBytes: randomBytes))
            let input: [String: Value] = [
                "name": "redis", "namespace": .string(namespace),
                "generate": ["password": [:], "token": ["kind": "hex", "length": 16]],
            ]
            let (output, prior) = try await step.run(input)
            #expect(output.secrets["password"] == "kept")
            #expect(output.secrets["token"]?.count == 16)
            #expect(try await step.revert(input, prior: prior) == [])
            let keys = try await TestCluster.kubectl(
                "get", "secret", "redis", "-n", namespace, "-o", "jsonpath={.data}")
            #expect(try Value(json: keys).objectValue?.keys.sorted() == ["password"])
        }
    }

    private let randomBytes: @Sendable (Int) -> [UInt8] = { count in
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
