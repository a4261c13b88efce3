package import Workflow

/// `clearml.queue`: a queue of a tenant.
///
/// A name is there once in a company. The tenant's agent may make the same queues at the same moment: "it exists" means to
/// look again, and what somebody else has made stays in a rollback.
package struct ClearMLQueue: StepKind {
    package let name = "clearml.queue"
    package let summary = "Makes a queue of a tenant where it is missing."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of a user of the tenant, as whom it is made."),
            Parameter(
                "name", .string(pattern: "\\S.+\\S"), required: true, "Its name, of three characters or more."),
            Parameter("tags", .array(.string), default: [], "Tags, where it has to be made."),
        ]
    package let outputs = [
        Parameter("id", .string, "The queue's id."), Parameter("name", .string, "The queue's name."),
        Parameter("created", .boolean, "Whether this run has made it."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            guard let id = try await find(input) else { return .absent(prior: ["queue": .null]) }
            let isOwn = context.history.isInDoubt || context.history.output?["created"] == true
            return .present(try Self.output(id, input, isNew: isOwn))
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            do {
                let id = try await queues(input).make(try input.string("name"), tags: try input.strings("tags"))
                return try Self.output(id, input, isNew: true)
            } catch let failure as ClearMLFailure {
                guard failure.isAlreadyThere else { throw failure }
                if let id = try await find(input) { return try Self.output(id, input, isNew: false) }
                throw failure
            }
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            let users = UserDirectory(client: try ClearMLParameters.client(input, transport))
            guard output == nil ? context.history.isInDoubt : output?.values["created"] == true,
                try await users.company(of: try input.string("user")) != nil, let id = try await find(input)
            else { return [] }
            guard try await queues(input).remove(id) == .hasTasks else { return [] }
            return ["queue \(try input.string("name")) (\(id)) stays: tasks wait in it"]
        }
    }

    private func queues(_ input: StepInput) throws(StepError) -> QueueDirectory {
        try QueueDirectory(input, transport)
    }

    /// Its id; nil where there is none.
    private func find(_ input: StepInput) async throws -> String? {
        try await queues(input).find(try input.string("name"))?.id
    }

    private static func output(_ id: String, _ input: StepInput, isNew: Bool) throws(StepError) -> StepOutput {
        StepOutput(["id": .string(id), "name": .string(try input.string("name")), "created": .bool(isNew)])
    }
}
