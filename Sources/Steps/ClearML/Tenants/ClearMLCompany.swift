package import Workflow

/// `clearml.company`: a tenant's company on the server.
///
/// A company carries no mark of who made it, and where names need not be unique a second call makes a second one. So one
/// that is found is taken over only where its id was recorded, by this run or (as `id`) by an earlier one, or where this
/// run has asked for it and the reply was lost. Every other one is a stranger's, and stops the step.
package struct ClearMLCompany: StepKind {
    package let name = "clearml.company"
    package let summary = "Makes a tenant's company on the ClearML server, or takes over one whose id is known."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter(
                "name", .string(pattern: "\\S.+\\S"), required: true,
                "Its name, of three characters or more; upper and lower case differ."),
            Parameter(
                "id", ClearMLParameters.id, "Id of a company that is there already and belongs to this installation."),
        ] + CompanyRemoval.parameters
    package let outputs = [
        Parameter("id", .string, "The company's id."), Parameter("name", .string, "The company's name."),
    ]

    private let access: ClusterAccess
    private let transport: ClearMLTransport

    package init(_ access: ClusterAccess, _ transport: ClearMLTransport) {
        self.access = access
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let directory = CompanyDirectory(client: try ClearMLParameters.client(input, transport))
            let name = try input.string("name")
            if input["id"] != nil {
                return .present(Self.output(try await known(try CompanyID(input, "id"), name: name, in: directory)))
            }
            let found = try await directory.named(name)
            guard let company = found.first else { return .absent(prior: ["companies": []]) }
            guard found.count == 1 else { throw Self.ambiguous(name, found) }
            try await directory.requireTenant(company.id)
            let isOwn = context.history.isInDoubt || context.history.output?["id"]?.stringValue == company.id.text
            guard isOwn else { throw Self.stranger(company) }
            return .present(Self.output(company))
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let client = try ClearMLParameters.client(input, transport)
            let directory = CompanyDirectory(client: client)
            let name = try input.string("name")
            let reply: ClearMLEnvelope
            do throws(ClearMLFailure) {
                reply = try await client.change("system.create_company", ["name": .string(name)])
            } catch {
                // It was not there a moment ago.
                if error.isAlreadyThere, let company = try await directory.named(name).first {
                    throw Self.stranger(company)
                }
                throw error
            }
            // From here on there is a company: whatever goes wrong, the server has to be looked at again.
            let found: [CompanyDirectory.Company]
            do throws(ClearMLFailure) {
                found = try await directory.named(name)
            } catch {
                throw StepError(
                    .outcomeUnknown, "made, and cannot be looked at: \(error.message)", object: "company \(name)",
                    remedy: error.remedy)
            }
            guard let company = found.first(where: { $0.id.text == reply.data["id"]?.stringValue }) else {
                throw StepError(
                    .outcomeUnknown, "made, and not to be found", object: "company \(name)",
                    remedy: "look at the list of companies, then resume the run")
            }
            // A call whose reply was lost, carried out late.
            guard found.count == 1 else { throw Self.ambiguous(name, found) }
            return Self.output(company)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            let removal = try CompanyRemoval(input, try ClearMLParameters.client(input, transport), access)
            let name = try input.string("name")
            // It was there before.
            guard input["id"] == nil else { return [] }
            var company: CompanyDirectory.Company?
            if let id = output?.values["id"]?.stringValue.flatMap(CompanyID.init) {
                company = try await removal.directory.find(id)?.company
            } else {
                let found = try await removal.directory.named(name)
                guard found.count <= 1, context.history.isInDoubt || found.isEmpty else {
                    let ids = found.map(\.id.text).joined(separator: ", ")
                    return ["company \(name) (\(ids)) stays: it is not known to be of this run"]
                }
                company = found.first
            }
            guard let company, company.isActive else { return [] }
            switch try await removal.remove(company, force: false, context) {
            case .removed: return []
            case .impossible:
                return [
                    "\(company.description) stays: this server has no call to delete a company, and its 'pods' are not "
                        + "named; give its id as 'id' to use it again"
                ]
            }
        }
    }

    package func undoing(_ parameters: [String: Value], prior: Value?) -> String? {
        guard parameters["id"]?.isNull ?? true else { return nil }  // It was there before.
        return "deletes company \(parameters["name"]?.stringValue ?? ""), with all that its users have put there"
    }

    /// The company of a recorded id.
    private func known(
        _ id: CompanyID, name: String, in directory: CompanyDirectory
    ) async throws -> CompanyDirectory.Company {
        try await directory.requireTenant(id)
        guard let (company, _) = try await directory.find(id), company.isActive else {
            throw StepError(
                .permanent, "there is no such company (any more)", object: "company \(id.text)",
                remedy: "correct 'id', or leave it out to make a company")
        }
        guard company.name == name else {
            throw StepError(
                .conflict, "this company is called '\(company.name)', not '\(name)'", object: "company \(id.text)",
                remedy: "correct 'id' or 'name'")
        }
        return company
    }

    private static func stranger(_ company: CompanyDirectory.Company) -> StepError {
        StepError(
            .conflict, "there is a company of this name, and this run has not made it", object: company.description,
            remedy: "choose another name, or give its id as 'id' where it belongs to this installation")
    }

    private static func ambiguous(_ name: String, _ found: [CompanyDirectory.Company]) -> StepError {
        StepError(
            .conflict, "\(found.count) companies have this name: \(found.map(\.id.text).joined(separator: ", "))",
            object: "company \(name)",
            remedy: "delete or rename all but one, and give the id of that one as 'id'")
    }

    private static func output(_ company: CompanyDirectory.Company) -> StepOutput {
        StepOutput(["id": .string(company.id.text), "name": .string(company.name)])
    }
}
