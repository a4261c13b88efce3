package import Workflow

/// `clearml.ready`: waits until the API server answers from outside, and knows the credentials.
package struct ClearMLReady: ReadingStepKind {
    package let name = "clearml.ready"
    package let summary = "Waits until ClearML's API server answers and its system credentials work."
    package let parameters =
        ClearMLParameters.all + [
            ClearMLParameters.version,
            Parameter("roles", .array(.string), default: ["system", "root"], "Roles that the credentials may have."),
            Parameter("timeout", .duration, default: "10m", "Longest wait."),
            Parameter(
                "refusal_grace", .duration, default: "1m",
                "How long refused credentials are waited for: pods with older ones may still be answering."),
        ]
    package let outputs = [
        Parameter("url", .string, "The address that was asked for."),
        Parameter("version", .string, "The server's API version; null where it does not say."),
        Parameter("user", .string, "Id of the credentials' owner."),
        Parameter("role", .string, "The owner's role."),
        Parameter("company", .string, "Id of the owner's company: the default one."),
    ]

    private let transport: ClearMLTransport

    package init(_ transport: ClearMLTransport) {
        self.transport = transport
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let client = try ClearMLParameters.client(input, transport)
        switch try await ClearMLReadiness.look(at: client, roles: try input.strings("roles")) {
        case .ready(let server): return .present(Self.output(server, client))
        // What is wrong is told by `apply`, which waits for it first.
        case .notYet, .hopeless: return .absent()
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await wait(input, context, on: transport.clock)
    }

    private func wait<C: Clock<Duration>>(
        _ input: StepInput, _ context: StepContext, on clock: C
    ) async throws(StepError) -> StepOutput {
        let client = try ClearMLParameters.client(input, transport)
        let roles = try input.strings("roles")
        let limit = try input.duration("timeout") ?? .seconds(600)
        let grace = try input.duration("refusal_grace") ?? .seconds(60)
        let start = clock.now
        var refusedSince: C.Instant?
        var reported: ClearMLReadiness.Obstacle?
        var pause = Duration.seconds(1)
        while true {
            let obstacle: ClearMLReadiness.Obstacle
            switch try await ClearMLReadiness.look(at: client, roles: roles) {
            case .ready(let server): return Self.output(server, client)
            case .hopeless(let error): throw error
            case .notYet(let found): obstacle = found
            }
            if obstacle != reported {
                context.log(.note, "not ready: \(obstacle.message)")
                reported = obstacle
            }
            let now = clock.now
            refusedSince = obstacle.isRefusal ? refusedSince ?? now : nil
            if let refusedSince, refusedSince.duration(to: now) >= grace {
                throw StepError(.permanent, obstacle.message, object: client.url, remedy: obstacle.remedy)
            }
            let left = limit - start.duration(to: now)
            guard left > .zero else {
                throw StepError(
                    .timedOut, "waited \(limit) in vain: \(obstacle.message)", object: client.url,
                    remedy: obstacle.remedy)
            }
            do {
                try await clock.sleep(for: min(pause, left))
            } catch {
                throw StepError(.cancelled, "the wait was stopped", object: client.url)
            }
            pause = min(pause * 2, .seconds(10))
        }
    }

    private static func output(_ server: ClearMLReadiness.Server, _ client: ClearMLClient) -> StepOutput {
        StepOutput([
            "url": .string(client.url), "version": server.version.map { .string($0) } ?? .null,
            "user": .string(server.user), "role": .string(server.role), "company": .string(server.company),
        ])
    }
}
