import Foundation
import Steps
import Workflow

/// Fetches secrets from where the operator said that they are.
struct SecretSource {
    let environment: [String: String]

    private static let kinds = ["env", "file", "kubernetes", "exec"]

    /// Whether a text names a source, and not, say, the secret itself.
    static func isSource(_ text: String) -> Bool { kinds.contains { text.hasPrefix($0 + ":") } }

    /// - Throws: One error that names every secret that could not be fetched.
    func fetch(_ sources: [String: String]) async throws -> [String: String] {
        var values: [String: String] = [:]
        var faults: [String] = []
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            do {
                values[name] = try await fetch(source)
            } catch {
                faults.append("secret '\(name)' (\(source)): \(error)")
            }
        }
        try Task.checkCancellation()
        guard faults.isEmpty else {
            throw CommandFailure(
                .badData, faults.joined(separator: "\n"),
                fix:
                    "bind them with --secret NAME=env:VARIABLE, file:PATH, kubernetes:NAMESPACE/NAME/KEY or exec:COMMAND"
            )
        }
        return values
    }

    private struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private func fetch(_ source: String) async throws -> String {
        guard let colon = source.firstIndex(of: ":") else { throw Fault(description: "it names no source") }
        let rest = String(source[source.index(after: colon)...])
        switch source[..<colon] {
        case "env":
            guard let value = environment[rest], !value.isEmpty else {
                throw Fault(description: "the variable is not set")
            }
            return value
        case "file":
            guard let data = FileManager.default.contents(atPath: rest) else {
                throw Fault(description: "the file cannot be read")
            }
            return try Self.trimmed(String(decoding: data, as: UTF8.self))
        case "kubernetes":
            let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { throw Fault(description: "it must be NAMESPACE/NAME/KEY") }
            let answer = try await output(
                of: ["kubectl", "get", "secret", parts[1], "--namespace", parts[0], "--output", "json"])
            guard let text = try? Value(json: answer)["data"]?[parts[2]]?.stringValue,
                let data = Data(base64Encoded: text)
            else { throw Fault(description: "the Secret has no key '\(parts[2])'") }
            return String(decoding: data, as: UTF8.self)
        case "exec": return try Self.trimmed(try await output(of: ["sh", "-euc", rest]))
        default: throw Fault(description: "it names no source")
        }
    }

    private static func trimmed(_ text: String) throws -> String {
        let value = text.trimmingCharacters(in: .newlines)
        guard !value.isEmpty else { throw Fault(description: "it is empty") }
        return value
    }

    private func output(of command: [String]) async throws -> String {
        do {
            return try await SecretProgram(environment: environment).output(of: command)
        } catch {
            throw Fault(description: error.description)
        }
    }
}
