package import Workflow

/// `clearml.users-absent`: removes all users of a company, so that their e-mail addresses are free again.
///
/// A company is looked into through one of its users, who therefore goes last.
package struct ClearMLUsersAbsent: StepKind {
    package let name = "clearml.users-absent"
    package let summary = "Removes every user of a tenant from the ClearML server, credentials included."
    package let reverting = Reverting.impossible("a removed user cannot be brought back")
    package let parameters =
        ClearMLParameters.all + [
            Parameter("company", ClearMLParameters.id, required: true, "Id of the company."),
            Parameter("user", .string, required: true, "Id of one of its users, such as the first administrator."),
        ]
    package let outputs = [Parameter("users", .array(.string), "Ids of the users that this run has removed.")]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let users = try await users(input, context)
            guard !users.isEmpty else { return .present(StepOutput(["users": []])) }
            return .differs(users.map { Change("user \($0)", from: "there") })
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let directory = UserDirectory(client: try ClearMLParameters.client(input, transport))
            let users = try await users(input, context)
            let guide = try input.string("user")
            for user in users {
                let left = try await directory.remove(user, last: user == guide ? .signIn : .listing)
                for line in left { context.log(.note, line) }
            }
            return StepOutput(["users": .array(users.map { .string($0) })])
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { ["the removed users of company \(try input.string("company")) stay removed"] }

    /// Those that are there, the one that is looked through at the end.
    private func users(_ input: StepInput, _ context: StepContext) async throws -> [String] {
        let company = try CompanyID(input, "company")
        let user = try input.string("user")
        let client = try ClearMLParameters.client(input, transport)
        try await CompanyDirectory(client: client).requireTenant(company)
        let directory = UserDirectory(client: client)
        guard let found = try await directory.company(of: user) else {
            // The last of them, half of whom this run has removed.
            return context.history.isInDoubt ? [user] : []
        }
        guard found == company.text else {
            throw StepError(
                .conflict, "user \(user) belongs to company \(found)", object: "company \(company.text)",
                remedy: "name a user of the company that is meant")
        }
        return try await directory.colleagues(of: user).filter { $0 != user } + [user]
    }
}
