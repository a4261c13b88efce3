package import Workflow

/// `clearml.company-lookup`: a company that somebody has made, by its exact name or by its id.
package struct ClearMLCompanyLookup: CheckingStepKind {
    package let name = "clearml.company-lookup"
    package let summary = "Looks up a tenant's company on the ClearML server, by its exact name or by its id."
    package let parameters =
        ClearMLParameters.all + [
            Parameter("name", .string, "Its name; upper and lower case differ, and no other company may have it."),
            Parameter("id", ClearMLParameters.id, "Its id; a name beside it has to be its name."),
            Parameter(
                "allow_missing", .boolean, default: false, "Gives nulls where there is none, in place of an error."),
            Parameter("idle", .boolean, default: false, "An error where something runs in it, or waits."),
            Parameter(
                "user", .string,
                "Id of one of its users, through whom a server that cannot tell what runs is asked for waiting tasks."),
        ]
    package let outputs = [
        Parameter("id", .string, "The company's id."), Parameter("name", .string, "The company's name."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let directory = CompanyDirectory(client: try ClearMLParameters.client(input, transport))
            if input["id"] != nil { try await directory.requireTenant(try CompanyID(input, "id")) }
            guard let company = try await company(input, in: directory) else {
                return StepOutput(["id": .null, "name": .null])
            }
            try await directory.requireTenant(company.id)
            if try input.flag("idle") {
                var activity = try await directory.running(in: company.id)
                if activity == nil { activity = try await directory.waiting(through: input.optionalString("user")) }
                if let activity, !activity.isEmpty { throw company.isBusy(with: activity) }
            }
            return StepOutput(["id": .string(company.id.text), "name": .string(company.name)])
        }
    }

    /// Nil where there is none, and that is allowed.
    private func company(
        _ input: StepInput, in directory: CompanyDirectory
    ) async throws -> CompanyDirectory.Company? {
        let name = try input.optionalString("name")
        let mayBeMissing = try input.flag("allow_missing")
        if input["id"] != nil {
            let id = try CompanyID(input, "id")
            guard let (company, _) = try await directory.find(id), company.isActive else {
                if mayBeMissing { return nil }
                throw StepError(
                    .permanent, "there is no such company", object: "company \(id.text)", remedy: "correct its id")
            }
            guard name == nil || company.name == name else {
                throw StepError(
                    .conflict, "this company is called '\(company.name)', not '\(name ?? "")'",
                    object: "company \(id.text)", remedy: "correct its id or its name")
            }
            return company
        }
        guard let name else {
            throw StepError(.permanent, "neither name nor id is given", remedy: "give one of them")
        }
        let found = try await directory.named(name)
        guard let company = found.first else {
            if mayBeMissing { return nil }
            throw StepError(
                .permanent, "there is no company of exactly this name", object: "company \(name)",
                remedy: "give the name as the server has it, or the company's id")
        }
        guard found.count == 1 else {
            throw StepError(
                .conflict, "\(found.count) companies have this name: \(found.map(\.id.text).joined(separator: ", "))",
                object: "company \(name)", remedy: "give the id of the one that is meant")
        }
        return company
    }
}
