import Workflow

/// Looks up companies, which is what tenants are to the server.
struct CompanyDirectory: Sendable {
    struct Company: Hashable, Sendable {
        let id: CompanyID
        let name: String
        /// False: deleted, and kept for the record.
        let isActive: Bool
    }

    let client: ClearMLClient

    /// The companies that have exactly this name, deleted ones left out.
    func named(_ name: String) async throws(ClearMLFailure) -> [Company] {
        let reply = try await client.read("system.get_companies", ["name": .string(name)])
        // The server does not tell upper from lower case.
        return (reply.data["companies"]?.arrayValue ?? []).compactMap(Self.company)
            .filter { $0.isActive && $0.name == name }
    }

    /// The company with its settings; nil where there is none of this id.
    func find(_ id: CompanyID) async throws(ClearMLFailure) -> (company: Company, settings: [String: Value])? {
        do throws(ClearMLFailure) {
            let reply = try await client.read("system.company_info", ["company": .string(id.text)])
            return Self.company(reply.data).map { ($0, reply.data["defaults"]?.objectValue ?? [:]) }
        } catch {
            if error.isUnknownObject { return nil }
            throw error
        }
    }

    /// The company that these credentials belong to: the server's own, which is no tenant.
    func own() async throws(ClearMLFailure) -> CompanyID? {
        let user = try await client.read("users.get_current_user").data["user"]
        return user?["company"]?["id"]?.stringValue.flatMap(CompanyID.init)
    }

    /// Refuses the server's own company.
    func requireTenant(_ id: CompanyID) async throws {
        let own = try await own()
        guard id != .default, id != own else {
            throw StepError(
                .permanent, "this is the server's own company, and no tenant", object: "company \(id.text)",
                remedy: "name the company of a tenant")
        }
    }

    /// What runs in a company, by kind; nil where the server has no call that tells.
    func running(in id: CompanyID) async throws(ClearMLFailure) -> [String: Int]? {
        do throws(ClearMLFailure) {
            let reply = try await client.read("tenants.get_tenant_resources", ["tenant": .string(id.text)])
            return (reply.data["running"]?.objectValue ?? [:]).compactMapValues(\.integerValue).filter { $0.value > 0 }
        } catch {
            if error.isUnknownEndpoint { return nil }
            throw error
        }
    }

    /// What waits in a company, where the server cannot tell what runs.
    ///
    /// - Parameter user: One of the company, through whom its queues are seen; nil: nothing is known.
    func waiting(through user: String?) async throws(ClearMLFailure) -> [String: Int] {
        guard let user else { return [:] }
        let reply = try await client.read("queues.get_all", ["search_hidden": true], as: .actingAs(user: user))
        let tasks = (reply.data["queues"]?.arrayValue ?? []).map { $0["entries"]?.arrayValue?.count ?? 0 }
        return ["waiting tasks": tasks.reduce(0, +)].filter { $0.value > 0 }
    }

    private static func company(_ value: Value) -> Company? {
        guard let id = value["id"]?.stringValue.flatMap(CompanyID.init), let name = value["name"]?.stringValue else {
            return nil
        }
        return Company(id: id, name: name, isActive: value["active"]?.boolValue ?? true)
    }
}

extension CompanyDirectory.Company {
    var description: String { "company \(name) (\(id.text))" }

    /// - Parameter activity: What runs or waits there, by kind.
    func isBusy(with activity: [String: Int]) -> StepError {
        let list = activity.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return StepError(
            .conflict, "it is in use: \(list)", object: description,
            remedy: "stop what runs there and wait for its end, then go on")
    }
}

/// The id of a company: 32 hexadecimal digits, and so never an empty text, which some jobs would take for "all".
struct CompanyID: Hashable, Sendable {
    /// The company that every server makes for itself.
    static let `default` = CompanyID(trusted: "d1bd92a3b039400cbafc60a7a5b1e52b")

    let text: String

    init?(_ text: String) {
        guard text.wholeMatch(of: /[0-9a-f]{32}/) != nil else { return nil }
        self.text = text
    }

    private init(trusted: String) { text = trusted }

    init(_ input: StepInput, _ parameter: String) throws(StepError) {
        let text = try input.string(parameter)
        guard let id = CompanyID(text) else {
            throw StepError(
                .permanent, "'\(text)' is no id of a company", object: parameter,
                remedy: "give the 32 hexadecimal digits that the server has given it")
        }
        self = id
    }
}
