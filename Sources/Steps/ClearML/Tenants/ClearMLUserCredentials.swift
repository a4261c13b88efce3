package import Workflow

/// `clearml.credentials`: an access key of a user, with its secret.
///
/// The server tells a secret once. A pair whose secret nobody got to see, as the reply was lost or the runner died, is of
/// no use to anybody: it is known by its label, which names run and step, revoked, and made anew. Two steps make two pairs, so
/// that each can be revoked alone.
package struct ClearMLUserCredentials: StepKind {
    package let name = "clearml.credentials"
    package let summary = "Makes an access key and secret for a user of a tenant, and tries them."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of the user they are for."),
            Parameter("company", ClearMLParameters.id, required: true, "Id of the user's company."),
            Parameter(
                "label", .string,
                "What people see beside the key; only in front of run and step, by which it is known again."),
            Parameter("known_key", .string, secret: true, "Access key of a pair that is in use: kept while it works."),
            Parameter("known_secret", .string, secret: true, "Its secret."),
            Parameter("expires", .duration, "How long they live; none: as the server's policy says."),
        ]
    package let outputs = [
        // Where it comes back from where credentials are kept it is a secret, and public text would lose it.
        Parameter("access_key", .string, secret: true, "The access key."),
        Parameter("secret_key", .string, secret: true, "Its secret."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            if let known = try await known(input) { return .present(known) }
            let label = try Self.label(input, context)
            let orphans = try await directory(input).list().credentials.filter { $0.label == label }
            guard !orphans.isEmpty else { return .absent(prior: ["label": .string(label)]) }
            return .differs(
                orphans.map { Change("access key \($0.accessKey)", from: "its secret is lost", to: "revoked") },
                prior: ["label": .string(label)])
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let directory = try directory(input)
            let label = try Self.label(input, context)
            var (credentials, limit) = try await directory.list()
            for orphan in credentials where orphan.label == label {
                try await directory.revoke(orphan.accessKey)
                context.log(.note, "revoked \(orphan.accessKey), whose secret was lost")
            }
            credentials.removeAll { $0.label == label }
            if let limit, credentials.count >= limit {
                throw StepError(
                    .permanent, "the user has \(credentials.count) access keys and may have \(limit)",
                    object: "user \(directory.user)", remedy: "revoke one that is not in use")
            }
            var parameters: [String: Value] = ["label": .string(label)]
            if let life = try input.duration("expires") {
                parameters["expiration_sec"] = .integer(Int(life.components.seconds))
            }
            let reply = try await directory.client.change(
                "auth.create_credentials", .object(parameters), as: .impersonating(user: directory.user))
            let made = reply.data["credentials"]
            guard let key = made?["access_key"]?.stringValue, let secret = made?["secret_key"]?.stringValue else {
                throw StepError(.outcomeUnknown, "the reply holds no credentials", object: "user \(directory.user)")
            }
            if made?["label"]?.stringValue != label {
                context.log(.note, "this server keeps no labels: a pair whose secret is lost would not be found again")
            }
            let pair = ClearMLCredentials(key: key, secret: secret)
            do {
                try await check(pair, input)
            } catch let error as StepError where error.kind == .permanent {
                try await directory.revoke(key)
                throw error
            }
            return Self.output(pair)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            let directory = try directory(input)
            let made = output?.secrets["access_key"]
            let label = try Self.label(input, context)
            for credential in try await directory.listIfThere()
            where credential.label == label || credential.accessKey == made {
                try await directory.revoke(credential.accessKey)
            }
            return []
        }
    }

    private func directory(_ input: StepInput) throws(StepError) -> CredentialsDirectory {
        CredentialsDirectory(client: try ClearMLParameters.client(input, transport), user: try input.string("user"))
    }

    /// The pair in use, where there is one and the server still takes it.
    private func known(_ input: StepInput) async throws -> StepOutput? {
        guard let key = try input.optionalString("known_key"), let secret = try input.optionalString("known_secret")
        else { return nil }
        let pair = ClearMLCredentials(key: key, secret: secret)
        do {
            try await check(pair, input)
            return Self.output(pair)
        } catch let failure as ClearMLFailure {
            guard case .refused(401, _) = failure.cause else { throw failure }
            return nil
        }
    }

    /// Signs in with a pair, and makes sure that it is the user's.
    private func check(_ pair: ClearMLCredentials, _ input: StepInput) async throws {
        let client = try ClearMLParameters.client(input, transport).signedIn(with: pair)
        let user = try await client.read("users.get_current_user").data["user"]
        guard user?["id"]?.stringValue == (try input.string("user")),
            user?["company"]?["id"]?.stringValue == (try input.string("company"))
        else {
            let found = user?["company"]?["id"]?.stringValue ?? "none"
            throw StepError(
                .permanent, "these credentials are not the user's: they belong to company \(found)",
                object: "access key \(pair.key)", remedy: "check 'user', 'company' and the known pair")
        }
    }

    private static func label(_ input: StepInput, _ context: StepContext) throws(StepError) -> String {
        [try input.optionalString("label"), "\(mark)\(context.run)/\(context.step)"].compactMap(\.self)
            .joined(separator: separator)
    }

    private static let (separator, mark) = (" · ", "runner ")

    /// Whether a key's label is one that some run's step has made of `name`.
    static func isLabelled(_ label: String?, _ name: String) -> Bool {
        label?.hasPrefix(name + separator + mark) ?? false
    }

    private static func output(_ pair: ClearMLCredentials) -> StepOutput {
        StepOutput(secrets: ["access_key": pair.key, "secret_key": pair.secret])
    }
}
