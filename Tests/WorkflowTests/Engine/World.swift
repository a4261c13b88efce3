import Workflow

/// What step kinds of tests work on; outlives the engines of a test as the real world does. Records who did what, and
/// acts as its script says.
actor World {
    typealias Act = @Sendable (_ input: StepInput, _ prior: Value?, _ context: StepContext) async throws -> StepOutput?

    /// Things by name.
    private(set) var things: [String: Value] = [:]
    /// `observe a`, `apply a`, `revert a`, in the order in which they began.
    private(set) var calls: [String] = []
    private(set) var running = 0
    private(set) var mostAtOnce = 0
    private var observing: [String: @Sendable (Int) async throws -> Observation?] = [:]
    private var applying: [String: Act] = [:]
    private var reverting: [String: Act] = [:]

    func put(_ name: String, _ value: Value) { things[name] = value }
    func remove(_ name: String) { things[name] = nil }

    /// Observations of `name` go through `act` first; nil: as usual.
    func onObserve(_ name: String, _ act: @escaping @Sendable (_ attempt: Int) async throws -> Observation?) {
        observing[name] = act
    }
    func onApply(_ name: String, _ act: @escaping Act) { applying[name] = act }
    func onRevert(_ name: String, _ act: @escaping Act) { reverting[name] = act }

    /// Lets every `apply` of `name` hang until it is cancelled. Kept once the first has begun.
    func hangs(_ name: String) -> Promise<Void> {
        let started = Promise<Void>()
        onApply(name) { _, _, _ in
            started.keep(())
            try await hang()
            return nil
        }
        return started
    }

    func count(_ call: String) -> Int { calls.count { $0 == call } }

    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let name = try input.string("name")
        calls.append("observe \(name)")
        if let found = try await observing[name]?(context.attempt) { return found }
        guard let thing = things[name] else { return .absent(prior: "nothing") }
        if let wanted = input["value"], wanted != thing {
            return .differs([Change("value", from: thing, to: wanted)], prior: thing)
        }
        return .present(output(name, thing))
    }

    func apply(_ input: StepInput, _ prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let name = try input.string("name")
        calls.append("apply \(name)")
        running += 1
        mostAtOnce = max(mostAtOnce, running)
        defer { running -= 1 }
        if let output = try await applying[name]?(input, prior, context) { return output }
        things[name] = input["value"] ?? true
        return output(name, things[name] ?? .null)
    }

    func revert(_ input: StepInput, _ output: StepOutput?, _ prior: Value?, _ context: StepContext) async throws
        -> [String]
    {
        let name = try input.string("name")
        calls.append("revert \(name)")
        if let output = try await reverting[name]?(input, prior, context) {
            return [output.values["left"]?.stringValue ?? ""]
        }
        things[name] = prior == "nothing" || prior == nil ? nil : prior
        return []
    }

    private func output(_ name: String, _ value: Value) -> StepOutput {
        StepOutput(["name": .string(name), "value": value])
    }
}

/// The step kind of the tests: makes a thing.
struct ThingKind: StepKind {
    let name: String
    let world: World
    var reverting = Reverting.automatic
    var summary: String { "Makes a thing." }
    var parameters: [Parameter] {
        [Parameter("name", .string, required: true, "Its name."), Parameter("value", .any, "What it is.")]
    }
    var outputs: [Parameter] {
        [
            Parameter("name", .string, "Its name."), Parameter("value", .any, "What it is."),
            Parameter("key", .string, secret: true, "A key."),
        ]
    }

    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        try await world.observe(input, context)
    }
    func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        try await world.apply(input, prior, context)
    }
    func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        try await world.revert(input, output, prior, context)
    }
}

/// Hangs until the task is cancelled, as a handler does whose program does not end.
func hang() async throws {
    try await Task.sleep(for: .seconds(3600))
}
