package import Workflow

/// `clearml.sso-domains-lookup`: the e-mail domains that a tenant has, whoever has set them.
package struct ClearMLSSODomainsLookup: CheckingStepKind {
    package let name = "clearml.sso-domains-lookup"
    package let summary = "Reads the e-mail domains whose people may sign in to a tenant."
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of a user of the tenant, as whom the list is read.")
        ]
    package let outputs = [Parameter("domains", .array(.string), "The domains, in alphabetical order.")]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let client = try ClearMLParameters.client(input, transport)
            let domains = try await ClearMLSSODomains.read(client, user: try input.string("user"))
            return StepOutput(["domains": .array(domains.map { .string($0) })])
        }
    }
}
