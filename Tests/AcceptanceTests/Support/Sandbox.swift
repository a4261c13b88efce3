import Foundation
import TestSupport
import Testing

/// The sandbox that the tests of the whole program work on: a real cluster, stand-in charts, and a stand-in of the API.
struct Sandbox: Sendable {
    /// Nil where no sandbox was started: `Tests/run` starts one and names it in `RUNNER_TEST_SANDBOX`.
    static let current: Sandbox? = ProcessInfo.processInfo.environment["RUNNER_TEST_SANDBOX"].map {
        Sandbox(directory: $0)
    }

    static let condition = ConditionTrait.enabled(
        if: current != nil, "set RUNNER_TEST_SANDBOX to the folder of a sandbox: Tests/run does")

    static func require() throws -> Sandbox {
        try #require(current)
    }

    let directory: String

    var inputs: String { "\(directory)/inputs.yaml" }

    /// What the sandbox says of itself, by variable: addresses, names, passwords, and the secrets that the install wants.
    func variables() throws -> [String: String] {
        var variables: [String: String] = [:]
        for file in ["sandbox.env", "secrets.env"] {
            let text = try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)
            for line in text.split(whereSeparator: \.isNewline) {
                guard let equals = line.firstIndex(of: "=") else { continue }
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
        }
        return variables
    }

    /// The values that the install is given as secrets.
    func secrets() throws -> [String] {
        try variables().filter { $0.key.hasPrefix("RUNNER_SECRET_") }.map(\.value)
    }

    /// The values of the Secrets that the install has made by itself.
    func madeSecrets() async throws -> [String] {
        struct Secret: Decodable { var data: [String: Data] }
        var values: [String] = []
        for (namespace, name) in [("redis-shared", "redis-shared-auth"), ("clearml", "runner-clearml-supervisor")] {
            let text = try await kubectl("get", "secret", name, "-n", namespace, "-o", "json")
            let secret = try JSONDecoder().decode(Secret.self, from: Data(text.utf8))
            values += secret.data.values.map { String(decoding: $0, as: UTF8.self) }
        }
        return values
    }

    /// What `kubectl` answers; fails the test where it fails.
    @discardableResult
    func kubectl(_ arguments: String...) async throws -> String { try await kubectl(arguments) }

    @discardableResult
    func kubectl(_ arguments: [String]) async throws -> String {
        let result = try await Program("kubectl").run(arguments, environment: try variables())
        try #require(result.status == 0, "kubectl \(arguments.joined(separator: " ")): \(result.error)")
        return result.output
    }

    @discardableResult
    func helm(_ arguments: String...) async throws -> String {
        let result = try await Program("helm").run(arguments, environment: try variables())
        try #require(result.status == 0, "helm \(arguments.joined(separator: " ")): \(result.error)")
        return result.output
    }

    /// Everything in the cluster that an install could leave behind, a line each, sorted. Left out is what the cluster
    /// itself makes and renews: events, endpoints, service accounts' tokens, and the pods' changing names.
    func inventory() async throws -> [String] {
        let kinds = [
            "namespaces", "deployments", "statefulsets", "daemonsets", "jobs", "services", "ingresses",
            "networkpolicies", "secrets", "configmaps", "persistentvolumeclaims", "serviceaccounts", "roles",
            "rolebindings",
            "clusterroles", "clusterrolebindings", "customresourcedefinitions", "pods",
        ]
        var lines: [String] = []
        for kind in kinds {
            let text = try await kubectl(
                "get", kind, "-A", "--ignore-not-found", "-o", "custom-columns=N:.metadata.namespace,M:.metadata.name",
                "--no-headers")
            for line in text.split(whereSeparator: \.isNewline) {
                let words = line.split(separator: " ")
                // What every namespace gets by itself.
                if kind == "secrets", words.last?.contains("-token-") == true { continue }
                if words.last == "kube-root-ca.crt" || (kind == "serviceaccounts" && words.last == "default") {
                    continue
                }
                lines.append("\(kind) \(words.joined(separator: "/"))")
            }
        }
        return lines.sorted()
    }
}
