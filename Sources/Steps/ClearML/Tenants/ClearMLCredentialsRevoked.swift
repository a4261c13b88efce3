package import Workflow

/// `clearml.credentials-revoked`: makes access keys of a user useless: those named, and those that `clearml.credentials` has
/// made for something, by whichever run.
package struct ClearMLCredentialsRevoked: StepKind {
    package let name = "clearml.credentials-revoked"
    package let summary = "Revokes access keys of a user of a tenant."
    package let reverting = Reverting.impossible("a revoked access key cannot be given back")
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of the user they belong to."),
            Parameter("access_keys", .array(.any), default: [], "The keys; a null is none."),
            Parameter(
                "labels", .array(.string), default: [],
                "Also every key that clearml.credentials has made with one of these labels, in whichever run."),
            Parameter("keep", .array(.any), default: [], "Keys that are not revoked in any case; a null is none."),
        ]
    package let outputs = [Parameter("count", .integer, "How many keys this run has revoked.")]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let (_, keys) = try await live(input)
            guard !keys.isEmpty else { return .present(StepOutput(["count": 0])) }
            return .differs(keys.map { Change("access key \($0)", from: "works") })
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let (directory, keys) = try await live(input)
            for key in keys { try await directory.revoke(key) }
            return StepOutput(["count": .integer(keys.count)])
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { ["revoked access keys stay revoked"] }

    private func live(_ input: StepInput) async throws -> (CredentialsDirectory, [String]) {
        let directory = CredentialsDirectory(
            client: try ClearMLParameters.client(input, transport), user: try input.string("user"))
        let wanted = try Self.keys(input, "access_keys")
        let kept = try Self.keys(input, "keep")
        let labels = try input.strings("labels")
        let found = try await directory.listIfThere().filter { credential in
            let isMade = labels.contains { ClearMLUserCredentials.isLabelled(credential.label, $0) }
            return (isMade || wanted.contains(credential.accessKey)) && !kept.contains(credential.accessKey)
        }
        return (directory, found.map(\.accessKey))
    }

    private static func keys(_ input: StepInput, _ name: String) throws(StepError) -> Set<String> {
        var keys: Set<String> = []
        for value in input[name]?.arrayValue ?? [] where !value.isNull {
            guard let key = value.stringValue, !key.isEmpty else {
                throw StepError(.permanent, "a key is no text, or empty", object: name, remedy: "give access keys")
            }
            keys.insert(key)
        }
        return keys
    }
}
