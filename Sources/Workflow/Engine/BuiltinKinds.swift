/// What the engine itself does as a step: waiting, asking, and running other workflows. None of them costs a worker
/// while it waits, and all survive a restart.
///
/// They are in the catalog like every kind, for their parameters and texts; the engine acts on them by name and never
/// calls their functions, but for plans.
public struct BuiltinKind: StepKind {
    public enum Action: String, Sendable, CaseIterable {
        case sleep
        case approval
        case signal = "wait.signal"
        case workflow
    }

    public let action: Action

    /// All of them, for the catalog.
    public static let all = Action.allCases.map(BuiltinKind.init)

    init(action: Action) {
        self.action = action
    }

    public var name: String { action.rawValue }

    public var summary: String {
        switch action {
        case .sleep: "Waits for a time, also over restarts."
        case .approval: "Waits until somebody approves with 'runner approve', or rejects."
        case .signal: "Waits for a message from outside, sent with 'runner signal'."
        case .workflow: "Runs another workflow as a sub-run, cancelled and rolled back with this one."
        }
    }

    public var parameters: [Parameter] {
        switch action {
        case .sleep: [Parameter("duration", .duration, required: true, "How long to wait, such as 10m.")]
        case .approval:
            [
                Parameter("message", .string, required: true, "What is asked for."),
                Parameter("expires", .duration, "How long to wait before the step fails; without it, for ever."),
            ]
        case .signal:
            [
                Parameter("signal", .string, required: true, "The signal's name."),
                Parameter("expires", .duration, "How long to wait before the step fails; without it, for ever."),
            ]
        case .workflow:
            [
                Parameter("workflow", .string(.path), required: true, "The workflow's file, relative to this one."),
                Parameter("inputs", .map(.any), default: .object([:]), "Its inputs, by name."),
                Parameter("secrets", .map(.string), default: .object([:]), secret: true, "Its secrets, by name."),
            ]
        }
    }

    public var outputs: [Parameter] {
        switch action {
        case .sleep: []
        case .approval:
            [
                Parameter("approved", .boolean, "True."), Parameter("by", .string, "Who approved."),
                Parameter("reason", .string, "What they said; null where nothing."),
            ]
        case .signal:
            [Parameter("data", .any, "What was sent with the signal."), Parameter("by", .string, "Who sent it.")]
        case .workflow: [Parameter("*", .any, "The outputs of the workflow.")]
        }
    }

    public var reverting: Reverting { action == .workflow ? .automatic : .nothing }

    public func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        .unknown("decided when the run comes to it")
    }

    public func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        throw misuse
    }

    public func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        throw misuse
    }

    private var misuse: StepError {
        StepError(.permanent, "'\(name)' is done by the engine itself", remedy: "report this as a fault of the runner")
    }
}

extension StepKind {
    /// Itself, where the engine does it. To compare types first spares nearly every attempt a slow cast.
    var builtin: BuiltinKind? { type(of: self) == BuiltinKind.self ? self as? BuiltinKind : nil }
}
