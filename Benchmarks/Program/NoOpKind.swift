import Glibc
import Workflow

/// A step that does nothing, so that what is measured is the engine. Like every kind that only reads, it needs no
/// durable `prior`: in a chain it costs one commit.
struct NoOpKind: StepKind {
    let name = "noop"
    let summary = "Does nothing."
    let parameters: [Parameter] = []
    let outputs: [Parameter] = []
    let reverting = Reverting.nothing
    let calls: Calls

    func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation { .absent() }

    func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        calls.add(context)
        return StepOutput()
    }

    func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { [] }
}

/// What was called, and when first.
final class Calls: Sendable {
    private struct State {
        var count = 0
        var first: Double?
        var names: [String] = []
    }

    private let state = Locked(State())
    private let keepsNames: Bool
    private let mark: Int?

    /// - Parameters:
    ///   - keepsNames: Whether the run and step of each call are kept.
    ///   - mark: After this many calls, `mark` is written to standard output.
    init(keepsNames: Bool = false, mark: Int? = nil) {
        self.keepsNames = keepsNames
        self.mark = mark
    }

    func add(_ context: StepContext) {
        let count = state.with { state in
            state.count += 1
            if state.first == nil { state.first = Clock.now() }
            if keepsNames { state.names.append("\(context.run) \(context.step)") }
            return state.count
        }
        if count == mark {
            let text = Array("mark\n".utf8)
            _ = write(STDOUT_FILENO, text, text.count)
        }
    }

    var count: Int { state.with { $0.count } }
    /// In seconds of `Clock`; nil before the first call.
    var first: Double? { state.with { $0.first } }
    var names: [String] { state.with { $0.names } }
}

/// Seconds of the machine's monotonic clock, the same in all its processes.
enum Clock {
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
