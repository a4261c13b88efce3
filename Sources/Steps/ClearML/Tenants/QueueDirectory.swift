import Workflow

/// Looks up, makes and removes the queues of a tenant, as one of its users.
struct QueueDirectory: Sendable {
    struct Queue: Hashable, Sendable {
        let id: String
        let tags: [String]
    }

    enum Removal: Sendable {
        case gone
        /// It was left as it is.
        case hasTasks
    }

    private let client: ClearMLClient
    private let identity: ClearMLIdentity

    /// - Parameter input: With the parameters of every ClearML kind, and `user`.
    init(_ input: StepInput, _ transport: ClearMLTransport) throws(StepError) {
        client = try ClearMLParameters.client(input, transport)
        identity = .impersonating(user: try input.string("user"))
    }

    func find(_ name: String) async throws(ClearMLFailure) -> Queue? {
        // A name is a regular expression there, found anywhere.
        let reply = try await client.read(
            "queues.get_all", ["name": .string("^\(Self.escaped(name))$"), "search_hidden": true], as: identity)
        guard let queue = reply.data["queues"]?.arrayValue?.first(where: { $0["name"]?.stringValue == name }),
            let id = queue["id"]?.stringValue
        else { return nil }
        return Queue(id: id, tags: (queue["tags"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    /// - Returns: The id of the new queue.
    func make(_ name: String, tags: [String]) async throws -> String {
        var parameters: [String: Value] = ["name": .string(name)]
        if !tags.isEmpty { parameters["tags"] = .array(tags.map { .string($0) }) }
        let reply = try await client.change("queues.create", .object(parameters), as: identity)
        if let id = reply.data["id"]?.stringValue { return id }
        throw StepError(.outcomeUnknown, "the reply names no queue", object: "queue \(name)")
    }

    func remove(_ id: String) async throws(ClearMLFailure) -> Removal {
        do throws(ClearMLFailure) {
            _ = try await client.change("queues.delete", ["queue": .string(id)], as: identity)
        } catch {
            if error.isRefused(400, 702) { return .hasTasks }
            guard error.isRefused(400, 701) else { throw error }
        }
        return .gone
    }

    private static func escaped(_ name: String) -> String {
        name.map { $0.isLetter || $0.isNumber || "_- ".contains($0) ? "\($0)" : "\\\($0)" }.joined()
    }
}
