import Workflow

/// Deletes a company with all that is in it.
///
/// Newer servers have a call for it. Older ones come with jobs instead, to be run in their pods: where nobody says which
/// pods these are, an older server cannot delete a company.
struct CompanyRemoval: Sendable {
    static let parameters =
        [
            Parameter(
                "pods",
                .object([
                    Parameter("namespace", .string, default: "clearml", "Where the server runs."),
                    Parameter(
                        "apiserver", .string, required: true,
                        "What the jobs run in, such as `deployment/clearml-clearml-enterprise-apiserver`."),
                    Parameter(
                        "fileserver", .string, required: true,
                        "What holds the files, such as `deployment/clearml-clearml-enterprise-fileserver`."),
                ]),
                "The server's pods: a server without a call to delete a company does it there. None: it is not deleted."
            )
        ] + ClusterAccess.parameters

    enum Result: Hashable, Sendable {
        case removed
        /// This server has no call for it, and nobody said where its pods are.
        case impossible
    }

    let directory: CompanyDirectory
    private let jobs: RemovalJobs?

    init(_ input: StepInput, _ client: ClearMLClient, _ access: ClusterAccess) throws(StepError) {
        directory = CompanyDirectory(client: client)
        jobs = try input["pods"] == nil ? nil : RemovalJobs(input, access)
    }

    /// - Parameters:
    ///   - force: Also where something runs in it.
    ///   - user: One of the company, through whom a server that cannot tell what runs is asked for waiting tasks.
    /// - Throws: `conflict` where something runs in it.
    func remove(
        _ company: CompanyDirectory.Company, force: Bool, user: String? = nil, _ context: StepContext
    ) async throws -> Result {
        try await directory.requireTenant(company.id)
        let running = try await directory.running(in: company.id)
        let busy: [String: Int]
        if let running {
            busy = running
        } else {
            guard jobs != nil else { return .impossible }
            busy = try await directory.waiting(through: user)
        }
        guard busy.isEmpty || force else {
            throw company.isBusy(with: busy)
        }
        if running != nil {
            _ = try await directory.client.change(
                "tenants.delete_tenant",
                ["tenant": .string(company.id.text), "name": .string(company.name), "force": .bool(force)])
        } else {
            try await jobs?.remove(company.id) { context.log(.note, $0) }
        }
        guard try await directory.find(company.id)?.company.isActive ?? false else { return .removed }
        throw StepError(
            .permanent, "it is still there after it was deleted", object: company.description,
            remedy: "look at the apiserver's log")
    }
}

/// What an older server brings for deleting a company: two jobs for its databases, and then its files.
///
/// No shell has a part in it, and an id is one by its type: to remove the files of an empty id would be to remove all.
private struct RemovalJobs: Sendable {
    private let kubectl: Kubectl
    private let namespace: String
    private let apiserver: String
    private let fileserver: String

    init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
        kubectl = Kubectl(try access.overridden(by: input))
        let pods = StepInput(try input.object("pods"))
        namespace = try pods.optionalString("namespace") ?? "clearml"
        apiserver = try pods.string("apiserver")
        fileserver = try pods.string("fileserver")
    }

    func remove(_ id: CompanyID, log: @escaping @Sendable (String) -> Void) async throws(StepError) {
        try await job(["delete_company_data_from_mongo", "--id", id.text, "--delete-user"], log)
        try await job(["cleanup_deleted_companies", "--ids", id.text, "--delete-company"], log)
        try await run(["rm", "-rf", "/mnt/fileserver/\(id.text)"], in: fileserver, "clearml-fileserver", log)
    }

    private func job(_ arguments: [String], _ log: @escaping @Sendable (String) -> Void) async throws(StepError) {
        var command = ["env", "PYTHONPATH=../trains-server-repo", "python3", "-m"] + arguments
        command[4] = "jobs.management.\(command[4])"
        try await run(command, in: apiserver, "clearml-apiserver", log)
    }

    private func run(
        _ command: [String], in workload: String, _ container: String, _ log: @escaping @Sendable (String) -> Void
    ) async throws(StepError) {
        log(command.joined(separator: " "))
        try await kubectl.run(
            ["exec", workload, "--namespace", namespace, "--container", container, "--"] + command,
            object: "\(namespace)/\(workload)")
    }
}
