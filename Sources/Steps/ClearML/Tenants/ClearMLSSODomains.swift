package import Workflow

/// `clearml.sso-domains`: the e-mail domains whose people sign in to a tenant.
///
/// The server knows one list a company and replaces it as a whole, so the one before is kept for a rollback. It accepts a domain
/// that another tenant has too, and then sends people to either: no two tenants may be given the same.
package struct ClearMLSSODomains: StepKind {
    package let name = "clearml.sso-domains"
    package let summary = "Sets the e-mail domains whose people may sign in to a tenant."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of a user of the tenant, as whom the list is set."),
            Parameter("domains", .array(.string(.hostname)), required: true, "The domains; none: nobody new signs in."),
        ]
    package let outputs = [Parameter("domains", .array(.string), "The domains.")]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let domains = Self.sorted(try input.strings("domains"))
            let live = try await read(input)
            guard live != domains else { return .present(StepOutput(["domains": Self.value(domains)])) }
            return .differs(
                [Change("domains", from: Self.value(live), to: Self.value(domains))],
                prior: ["domains": Self.value(live)])
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let domains = Self.sorted(try input.strings("domains"))
            try await write(domains, input)
            return StepOutput(["domains": Self.value(domains)])
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            guard let before = prior?["domains"]?.arrayValue?.compactMap(\.stringValue) else { return [] }
            let users = UserDirectory(client: try ClearMLParameters.client(input, transport))
            guard try await users.company(of: try input.string("user")) != nil else { return [] }
            let live = try await read(input)
            if live == before { return [] }
            guard live == Self.sorted(try input.strings("domains")) else {
                return ["the domains stay \(live.joined(separator: ", ")): somebody else has changed them since"]
            }
            try await write(before, input)
            return []
        }
    }

    private func read(_ input: StepInput) async throws -> [String] {
        let client = try ClearMLParameters.client(input, transport)
        return try await Self.read(client, user: try input.string("user"))
    }

    /// The domains that the server has for a user's tenant, in the order in which they are compared.
    static func read(_ client: ClearMLClient, user: String) async throws -> [String] {
        let reply = try await client.read("login.get_settings", as: .actingAs(user: user))
        return sorted((reply.data["domains"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    private func write(_ domains: [String], _ input: StepInput) async throws {
        let client = try ClearMLParameters.client(input, transport)
        let user = try input.string("user")
        _ = try await client.change("login.set_domains", ["domains": Self.value(domains)], as: .actingAs(user: user))
    }

    private static func sorted(_ domains: [String]) -> [String] {
        Set(domains.map { $0.lowercased() }).sorted()
    }

    private static func value(_ domains: [String]) -> Value { .array(domains.map { .string($0) }) }
}
