package import Workflow

/// `clearml.queue-absent`: a queue of a tenant that is not wanted any more.
///
/// One in which tasks wait is never removed: they would be lost with it.
package struct ClearMLQueueAbsent: StepKind {
    package let name = "clearml.queue-absent"
    package let summary = "Removes a queue of a tenant, unless tasks wait in it."
    package let reverting = Reverting.automatic
    package let parameters =
        ClearMLParameters.all + [
            Parameter("user", .string, required: true, "Id of a user of the tenant, as whom it is removed."),
            Parameter("name", .string(pattern: "\\S.+\\S"), required: true, "Its name."),
        ]
    package let outputs = [Parameter("name", .string, "The queue's name.")]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await reportingFailures {
            let name = try input.string("name")
            guard let queue = try await QueueDirectory(input, transport).find(name) else {
                return .present(try Self.output(input))
            }
            return .differs(
                [Change("queue \(name)", from: .string(queue.id), to: "removed")],
                prior: ["tags": .array(queue.tags.map { .string($0) })])
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await reportingFailures {
            let queues = try QueueDirectory(input, transport)
            let name = try input.string("name")
            if let queue = try await queues.find(name), try await queues.remove(queue.id) == .hasTasks {
                throw StepError(
                    .conflict, "tasks wait in it", object: "queue \(name) (\(queue.id))",
                    remedy: "let them run or take them out, then resume the run; or skip this step to keep the queue")
            }
            return try Self.output(input)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await reportingFailures {
            guard let tags = prior?["tags"]?.arrayValue?.compactMap(\.stringValue) else { return [] }
            let queues = try QueueDirectory(input, transport)
            let name = try input.string("name")
            guard try await queues.find(name) == nil else { return [] }
            do {
                _ = try await queues.make(name, tags: tags)
            } catch let failure as ClearMLFailure where failure.isAlreadyThere {
                return []
            }
            return ["queue \(name) is back with another id: what names the old one by its id has to be told"]
        }
    }

    private static func output(_ input: StepInput) throws(StepError) -> StepOutput {
        StepOutput(["name": .string(try input.string("name"))])
    }
}
