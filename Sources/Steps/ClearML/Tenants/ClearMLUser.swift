package import Workflow

/// `clearml.user`: a user of a tenant.
///
/// E-mail addresses are unique over all tenants, so the address tells whether the user is there. A user of another company
/// stops the step; half a user of this one, left by a call that ended half-way, is made whole.
package struct ClearMLUser: StepKind {
    package let name = "clearml.user"
    package let summary = "Makes a user of a tenant on the ClearML server, with a role."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("company", ClearMLParameters.id, required: true, "Id of the user's company."),
            Parameter("name", .string, required: true, "The user's name; the server lets several have the same."),
            Parameter("email", .string(.email), required: true, "E-mail address; unique over all companies."),
            Parameter(
                "role", .oneOf("admin", "superuser", "user", "annotator", "guest"), default: "user", "The user's role."),
            Parameter(
                "internal", .boolean, default: false,
                "Whether it is one of the service, not a person: newer servers want that of an agent that runs "
                    + "applications. Only looked at when the user is made."),
            Parameter(
                "must_exist", .boolean, default: false, "Makes nobody: a user that is not there is an error."),
        ]
    package let outputs = [
        Parameter("id", .string, "The user's id."), Parameter("email", .string, "The e-mail address."),
        Parameter("role", .string, "The role."), Parameter("created", .boolean, "Whether this run has made the user."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    private struct Prior: Codable {
        /// Nil: there was none.
        var id: String?
        var role: String?
    }

    private enum Found {
        case nobody
        /// Who signs in and is nowhere listed.
        case half(UserDirectory.User)
        case whole(UserDirectory.User)

        var isWhole: Bool { if case .whole = self { true } else { false } }
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let found: Found
            do {
                found = try await look(input, context)
            } catch let failure as ClearMLFailure where failure.isUnknownEndpoint {
                guard context.history.isInDoubt else { return .absent(prior: try Value(encoding: Prior())) }
                return .unknown("this server cannot be asked who has an e-mail address")
            }
            let role = try input.string("role")
            if try input.flag("must_exist"), !found.isWhole {
                throw StepError(
                    .permanent, "there is no such user of company \(try input.string("company"))",
                    object: "user \(try input.string("email"))",
                    remedy: "make that user, or find out who has changed the address")
            }
            switch found {
            case .nobody: return .absent(prior: try Value(encoding: Prior()))
            case .half(let user):
                return .differs(
                    [Change("user \(try input.string("email"))", from: "half of user \(user.id)", to: "a whole user")],
                    prior: try Value(encoding: Prior()))
            case .whole(let user) where user.role != role:
                return .differs(
                    [Change("user \(user.id) role", from: .string(user.role), to: .string(role))],
                    prior: try Value(encoding: Prior(id: user.id, role: user.role)))
            case .whole(let user): return .present(try Self.output(user.id, input, isNew: try Self.isOwn(context)))
            }
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let client = try ClearMLParameters.client(input, transport)
            let found: Found
            do {
                found = try await look(input, context)
            } catch let failure as ClearMLFailure where failure.isUnknownEndpoint {
                // What cannot be asked for is refused where it is there.
                found = .nobody
            }
            switch found {
            case .nobody: break
            case .half(let user): _ = try await UserDirectory(client: client).remove(user.id)
            case .whole(let user):
                _ = try await client.change(
                    "auth.edit_user", ["user": .string(user.id), "role": .string(try input.string("role"))],
                    as: .actingAs(user: user.id))
                return try Self.output(user.id, input, isNew: try Self.isOwn(context))
            }
            let reply = try await client.change(
                "auth.create_user",
                [
                    "name": .string(try input.string("name")), "company": .string(try input.string("company")),
                    "email": .string(try input.string("email")), "role": .string(try input.string("role")),
                    "internal": .bool(try input.flag("internal")),
                ])
            guard let id = reply.data["id"]?.stringValue else {
                throw StepError(.outcomeUnknown, "the reply names no user", object: try input.string("email"))
            }
            return try Self.output(id, input, isNew: true)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            let users = UserDirectory(client: try ClearMLParameters.client(input, transport))
            let prior = try prior?.decoded(as: Prior.self)
            if let id = prior?.id, let role = prior?.role {
                guard try await users.company(of: id) != nil else { return [] }
                _ = try await users.client.change(
                    "auth.edit_user", ["user": .string(id), "role": .string(role)], as: .actingAs(user: id))
                return []
            }
            if let id = output?.values["id"]?.stringValue {
                return output?.values["created"] == true ? try await users.remove(id) : []
            }
            guard context.history.isInDoubt else { return [] }
            switch try await look(input, context) {
            case .nobody: return []
            case .half(let user), .whole(let user): return try await users.remove(user.id)
            }
        }
    }

    /// Whoever has the address, as long as it is nobody of another company.
    private func look(_ input: StepInput, _ context: StepContext) async throws -> Found {
        let users = UserDirectory(client: try ClearMLParameters.client(input, transport))
        let email = try input.string("email")
        guard let user = try await users.withEmail(email) else { return .nobody }
        guard user.company == (try input.string("company")) || (user.company == nil && context.history.isInDoubt) else {
            throw StepError(
                .conflict,
                user.company.map { "this e-mail address belongs to user \(user.id) of company \($0)" }
                    ?? "this e-mail address is held by half a user (\(user.id)), whose company the server does not tell",
                object: "user \(email)", remedy: "give another address, or have that user removed")
        }
        return user.isListed ? .whole(user) : .half(user)
    }

    /// Whether a user that is found was made by this run.
    private static func isOwn(_ context: StepContext) throws -> Bool {
        let history = context.history
        if history.output?["created"] == true { return true }
        return try history.isInDoubt && history.prior?.decoded(as: Prior.self).id == nil
    }

    private static func output(_ id: String, _ input: StepInput, isNew: Bool) throws(StepError) -> StepOutput {
        StepOutput([
            "id": .string(id), "email": .string(try input.string("email")), "role": .string(try input.string("role")),
            "created": .bool(isNew),
        ])
    }
}
