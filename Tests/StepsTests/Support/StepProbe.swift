import Testing
import Workflow

/// A step kind with its parameters as a workflow gives them (checked, defaults filled in), and what it has logged.
final class StepProbe: Sendable {
    let input: StepInput
    private let kind: any StepKind
    private let logged = Locked<[String]>([])

    init(_ kind: any StepKind, _ with: [String: Value]) throws {
        self.kind = kind
        input = StepInput(try kind.parameters.resolve(with))
    }

    /// `stdout: line` and so on, in the order they came.
    var log: [String] { logged.with { $0 } }

    private var context: StepContext {
        StepContext(run: "run", step: "step", attempt: 1, dataDirectory: "/nowhere") { [self] stream, line in
            logged.with { $0.append("\(stream.rawValue): \(line)") }
        }
    }

    func observe() async throws -> Observation { try await kind.observe(input, context) }
    func apply(prior: Value? = nil) async throws -> StepOutput { try await kind.apply(input, prior: prior, context) }
    func revert(prior: Value? = nil) async throws -> [String] {
        try await kind.revert(input, output: nil, prior: prior, context)
    }

    /// What an observation before a change records; fails the test where there is nothing to change.
    func prior() async throws -> Value? {
        switch try await observe() {
        case .absent(let prior), .differs(_, let prior): return prior
        case .present, .unknown:
            Issue.record("there is nothing to apply")
            return nil
        }
    }

    func isPresent() async throws -> Bool { if case .present = try await observe() { true } else { false } }
    func differs() async throws -> Bool { if case .differs = try await observe() { true } else { false } }

    func refusalToObserve() async throws -> StepError {
        try #require(await #expect(throws: StepError.self) { try await observe() })
    }

    func refusalToApply() async throws -> StepError {
        try #require(await #expect(throws: StepError.self) { try await apply() })
    }
}
