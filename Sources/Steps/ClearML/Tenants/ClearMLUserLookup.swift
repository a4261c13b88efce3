package import Workflow

/// `clearml.user-lookup`: a user that somebody has made, by e-mail address.
package struct ClearMLUserLookup: CheckingStepKind {
    package let name = "clearml.user-lookup"
    package let summary = "Looks up a user of a tenant on the ClearML server by the e-mail address."
    package let parameters =
        ClearMLParameters.all + [
            Parameter("company", ClearMLParameters.id, required: true, "Id of the company that the user must be of."),
            Parameter("email", .string(.email), required: true, "The e-mail address."),
            Parameter(
                "role", .oneOf("admin", "superuser", "user", "annotator", "guest"), "The role that the user must have."),
            Parameter(
                "allow_missing", .boolean, default: false,
                "Gives nulls where nobody has the address, in place of an error."),
        ]
    package let outputs = [
        Parameter("id", .string, "The user's id."), Parameter("email", .string, "The e-mail address."),
        Parameter("role", .string, "The role."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let users = UserDirectory(client: try ClearMLParameters.client(input, transport))
            let email = try input.string("email")
            let company = try input.string("company")
            func refusal(_ why: String, _ remedy: String) -> StepError {
                StepError(.permanent, why, object: "user \(email)", remedy: remedy)
            }
            guard let user = try await users.withEmail(email) else {
                if try input.flag("allow_missing") {
                    return StepOutput(["id": .null, "email": .string(email), "role": .null])
                }
                throw refusal("nobody has this e-mail address", "correct it")
            }
            guard user.company == company else {
                throw refusal(
                    "this is user \(user.id) of \(user.company.map { "company \($0)" } ?? "no company")",
                    "give the address of a user of company \(company)")
            }
            guard user.isListed else {
                throw refusal("user \(user.id) signs in and is nowhere listed", "have this half of a user removed")
            }
            if let role = try input.optionalString("role"), role != user.role {
                throw refusal(
                    "this user's role is '\(user.role)', not '\(role)'", "name another user, or change the role")
            }
            return StepOutput(["id": .string(user.id), "email": .string(email), "role": .string(user.role)])
        }
    }
}
