package import Workflow

/// `clearml.version`: what a server is, and which of the calls it has that came with newer ones.
///
/// A server looks for a call before it looks at anything else, so a call it does not have is told from one that it refuses.
package struct ClearMLVersion: CheckingStepKind {
    package let name = "clearml.version"
    package let summary = "Finds out which calls a ClearML server has, and that these credentials may manage tenants."
    package let parameters = ClearMLParameters.all
    package let outputs = [
        Parameter("version", .string, "The newest API version; null where the server does not say."),
        Parameter("company", .string, "Id of the server's own company."),
        Parameter("role", .string, "Role of the credentials: system or root."),
        Parameter("can_delete_company", .boolean, "Whether a tenant can be deleted by a call (`tenants.*`)."),
        Parameter("can_find_user", .boolean, "Whether it can be asked who has an e-mail address."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let client = try ClearMLParameters.client(input, transport)
            let reply = try await client.read("users.get_current_user")
            let user = reply.data["user"]
            let role = user?["role"]?.stringValue ?? ""
            guard ["system", "root"].contains(role) else {
                throw StepError(
                    .permanent, "these credentials have role '\(role)', and system or root is needed",
                    object: client.url, remedy: "use the credentials that the server was installed with")
            }
            return StepOutput([
                "version": reply.version.map { .string($0) } ?? .null,
                "company": user?["company"]?["id"] ?? .null, "role": .string(role),
                "can_delete_company": .bool(try await client.has("tenants.get_tenants")),
                "can_find_user": .bool(try await client.has("auth.get_users_info", ["emails": []])),
            ])
        }
    }
}

extension ClearMLClient {
    /// Whether the server has a call, one that only reads.
    fileprivate func has(_ endpoint: String, _ parameters: Value = [:]) async throws(ClearMLFailure) -> Bool {
        do throws(ClearMLFailure) {
            _ = try await read(endpoint, parameters)
            return true
        } catch {
            if error.isUnknownEndpoint { return false }
            throw error
        }
    }
}
