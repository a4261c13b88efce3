package import Workflow

/// `clearml.credentials-revoked`: makes access keys of a user useless.
package struct ClearMLCredentialsRevoked: StepKind {
    package let name = "clearml.credentials-revoked"
    package let summary = "Revokes access keys of a user of a tenant."
    package let reverting = Reverting.impossible("a revoked access key cannot be given back")
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of the user they belong to."),
            Parameter("access_keys", .array(.string), required: true, "The keys."),
        ]
    package let outputs = [Parameter("access_keys", .array(.string), "The keys, none of which works any more.")]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let (_, keys) = try await live(input)
            guard !keys.isEmpty else { return .present(try Self.output(input)) }
            return .differs(keys.map { Change("access key \($0)", from: "works") })
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let (directory, keys) = try await live(input)
            for key in keys { try await directory.revoke(key) }
            return try Self.output(input)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { ["revoked access keys stay revoked"] }

    private func live(_ input: StepInput) async throws -> (CredentialsDirectory, [String]) {
        let directory = CredentialsDirectory(
            client: try ClearMLParameters.client(input, transport), user: try input.string("user"))
        let wanted = Set(try input.strings("access_keys"))
        let keys = try await directory.listIfThere().map(\.accessKey).filter(wanted.contains)
        return (directory, keys)
    }

    private static func output(_ input: StepInput) throws(StepError) -> StepOutput {
        StepOutput(["access_keys": .array(try input.strings("access_keys").map { .string($0) })])
    }
}
