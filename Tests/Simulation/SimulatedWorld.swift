import Workflow

/// What the step kinds of a simulation act on: things with a value, which outlive every process.
final class SimulatedWorld {
    private(set) var things: [String: String] = [:]
    /// What was there before anybody acted.
    private(set) var initial: [String: String] = [:]
    private var calls: [CallKey: Int] = [:]
    private let faults: [CallKey: [Int: Scenario.Fault.Action]]

    struct CallKey: Hashable {
        var verb: Scenario.Fault.Verb
        var object: String
    }

    /// The value of a thing that is not there.
    static let nothing = "nothing"
    /// The value that every step wants.
    static let wanted = "new"

    init(_ scenario: Scenario) {
        var faults: [CallKey: [Int: Scenario.Fault.Action]] = [:]
        for fault in scenario.faults {
            guard case .call(let verb, let object, let count) = fault.moment else { continue }
            faults[CallKey(verb: verb, object: object), default: [:]][count] = fault.action
        }
        self.faults = faults
    }

    /// Notes what was there, when a thing is first heard of.
    func meet(_ object: String, existing: String) {
        guard initial[object] == nil else { return }
        let value = ["same": Self.wanted, "other": "old"][existing] ?? Self.nothing
        initial[object] = value
        things[object] = value
    }

    func value(of object: String) -> String { things[object] ?? Self.nothing }

    func set(_ object: String, _ value: String) { things[object] = value }

    /// Whether somebody has changed the thing, and it was not undone.
    func isChanged(_ object: String) -> Bool { things[object] != initial[object] }

    /// What the next call comes to; nil: it works.
    func nextFault(_ verb: Scenario.Fault.Verb, _ object: String) -> Scenario.Fault.Action? {
        let key = CallKey(verb: verb, object: object)
        calls[key, default: 0] += 1
        return faults[key]?[calls[key] ?? 0]
    }
}

/// A step kind of the simulation; its handlers belong to one process.
struct SimulatedKind: StepKind {
    let kind: Scenario.Step.Kind
    /// Nil: only for reading workflows.
    let process: SimulatedProcess?

    static func catalog(of process: SimulatedProcess?) -> StepCatalog {
        StepCatalog(
            BuiltinKind.all + [.make, .blind, .read, .final].map { SimulatedKind(kind: $0, process: process) })
    }

    var name: String { kind.rawValue }
    var summary: String { "Part of a simulation." }
    var parameters: [Parameter] {
        [
            Parameter("value", .string, "What the thing shall be."),
            Parameter("existing", .string, "What it is before."),
            Parameter("flag", .boolean, "What 'flag' gives."),
            Parameter("items", .integer, "How many items 'items' gives."),
        ]
    }
    var outputs: [Parameter] {
        [
            Parameter("value", .string, "What it is."), Parameter("flag", .boolean, "As told."),
            Parameter("items", .array(.integer), "As many as told."),
        ]
    }
    var reverting: Reverting {
        switch kind {
        case .read: .nothing
        case .final: .impossible("it is final")
        default: .automatic
        }
    }

    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let object = try await call(.observe, input, context)
        guard kind != .read else { return .absent() }
        guard kind != .blind, let world = process?.simulation.world else { return .unknown("it cannot be asked") }
        let value = world.value(of: object)
        if value == SimulatedWorld.wanted { return .present(output(input)) }
        if value == SimulatedWorld.nothing { return .absent(prior: .string(value)) }
        return .differs(
            [Change("value", from: .string(value), to: .string(SimulatedWorld.wanted))], prior: .string(value))
    }

    func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        _ = try await call(.apply, input, context) { world, object in
            if kind != .read { world.set(object, SimulatedWorld.wanted) }
        }
        return output(input)
    }

    func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        _ = try await call(.revert, input, context) { world, object in
            // What cannot be observed has no prior state: it is known to have made the thing.
            world.set(object, prior?.stringValue ?? world.initial[object] ?? SimulatedWorld.nothing)
        }
        return []
    }

    private func output(_ input: StepInput) -> StepOutput {
        let count = input["items"]?.integerValue ?? 0
        return StepOutput([
            "value": .string(SimulatedWorld.wanted), "flag": input["flag"] ?? true,
            "items": .array((0..<count).map { .integer($0) }),
        ])
    }

    /// One call of a handler: takes its time, does its work in the middle of it, and comes to what the scenario says.
    private func call(
        _ verb: Scenario.Fault.Verb, _ input: StepInput, _ context: StepContext,
        _ effect: (SimulatedWorld, String) -> Void = { _, _ in }
    ) async throws -> String {
        guard let process else { throw StepError(.permanent, "nobody calls it") }
        let simulation = process.simulation
        let object = "\(context.run)/\(context.step)"
        if kind != .read { simulation.world.meet(object, existing: input["existing"]?.stringValue ?? "") }
        guard process.isInCharge else { throw CancellationError() }
        simulation.auditor.began(verb, RunID(context.run), context.step, attempt: context.attempt, reads: kind == .read)
        process.handlers += 1
        defer { process.handlers -= 1 }

        func act() throws {
            guard process.isInCharge else { throw CancellationError() }
            effect(simulation.world, object)
            simulation.auditor.checkWorld(object)
        }
        func die() throws -> Never {
            simulation.kill(process)
            throw CancellationError()
        }
        let fault = simulation.faultsAreOver ? nil : simulation.world.nextFault(verb, object)
        let longest = simulation.scenario.callTime
        if longest > 0, simulation.kernel.random.oneIn(2) {
            try await process.time.sleep(for: simulation.kernel.random.below(longest))
        }
        switch fault {
        case .transient: throw StepError(.transient, "does not answer")
        case .permanent: throw StepError(.permanent, "is forbidden")
        case .conflict: throw StepError(.conflict, "belongs to somebody else")
        case .failsAfter:
            try act()
            throw StepError(.transient, "failed after it had worked")
        case .lost(let applied):
            if applied { try act() }
            throw StepError(.outcomeUnknown, "the reply was lost")
        case .stuck(let applied):
            if applied { try act() }
            try await process.time.sleep(for: 100_000_000)
        case .deaf(let milliseconds):
            try act()
            try await simulation.kernel.sleep(
                until: process.time.now() + .milliseconds(milliseconds), on: process.executor, isCancellable: false)
        case .dies(let applied):
            if applied { try act() }
            try die()
        case .givesUp: throw CancellationError()
        case .cannotTell where verb == .observe && kind != .read:
            throw StepError(.transient, "cannot be looked at")
        default: try act()
        }
        if longest > 0, simulation.kernel.random.oneIn(4) {
            try await process.time.sleep(for: simulation.kernel.random.below(longest))
        }
        guard process.isInCharge else { throw CancellationError() }
        return object
    }
}
