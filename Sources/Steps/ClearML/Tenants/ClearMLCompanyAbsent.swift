package import Workflow

/// `clearml.company-absent`: deletes a tenant's company with all that is in it.
///
/// Id and name must both fit, nothing may run in it, and the server's own company is refused.
package struct ClearMLCompanyAbsent: StepKind {
    package let name = "clearml.company-absent"
    package let summary = "Deletes a tenant's company and its data from the ClearML server."
    package let reverting = Reverting.impossible("a deleted company's data cannot be brought back")
    package let parameters =
        ClearMLParameters.all + [
            Parameter("id", ClearMLParameters.id, required: true, "The company's id."),
            Parameter("name", .string, required: true, "The company's name, as a second proof that it is meant."),
            Parameter("force", .boolean, default: false, "Also where something runs in it."),
            Parameter(
                "user", .string,
                "Id of one of its users, through whom a server that cannot tell what runs is asked for waiting tasks."),
        ] + CompanyRemoval.parameters
    package let outputs = [Parameter("id", .string, "The company's id.")]

    private let access: ClusterAccess
    private let transport: ClearMLTransport

    package init(_ access: ClusterAccess, _ transport: ClearMLTransport) {
        self.access = access
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let directory = CompanyDirectory(client: try ClearMLParameters.client(input, transport))
            guard let company = try await company(input, in: directory) else { return .present(try Self.output(input)) }
            return .differs([Change(company.description, from: "there")])
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let removal = try CompanyRemoval(input, try ClearMLParameters.client(input, transport), access)
            guard let company = try await company(input, in: removal.directory) else { return try Self.output(input) }
            let result = try await removal.remove(
                company, force: try input.flag("force"), user: try input.optionalString("user"), context)
            guard result == .removed else {
                throw StepError(
                    .permanent, "this server has no call to delete a company", object: company.description,
                    remedy: "name the server's 'pods', in which the jobs for it are run")
            }
            return try Self.output(input)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { ["the company '\(try input.string("name"))' stays deleted"] }

    /// The company that is to go; nil where it is gone.
    private func company(
        _ input: StepInput, in directory: CompanyDirectory
    ) async throws -> CompanyDirectory.Company? {
        let id = try CompanyID(input, "id")
        try await directory.requireTenant(id)
        guard let (company, _) = try await directory.find(id), company.isActive else { return nil }
        guard company.name == (try input.string("name")) else {
            throw StepError(
                .conflict, "this company is called '\(company.name)'", object: "company \(id.text)",
                remedy: "correct 'id' or 'name': both must be those of the company to delete")
        }
        return company
    }

    private static func output(_ input: StepInput) throws(StepError) -> StepOutput {
        StepOutput(["id": .string(try input.string("id"))])
    }
}
