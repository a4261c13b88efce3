import Foundation
import Steps
import Workflow

/// Programs and servers that answer with the texts of an input, one after the other, and with the last of them for ever.
///
/// Its clock moves only when somebody sleeps on it, and then at once.
final class ScriptedWorld: ProcessRunning, HTTPPerforming, Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    /// Who asks more often than this in one call of a step has no bound.
    static let callLimit = 5000

    private struct State {
        var calls = 0
        var now = Instant(offset: .zero)
    }

    private let answers: [FuzzInput.Part]
    private let state = Locked(State())

    let minimumResolution = Duration.nanoseconds(1)
    var now: Instant { state.with { $0.now } }
    /// Whether somebody has asked without end.
    var isExhausted: Bool { state.with { $0.calls > Self.callLimit } }

    init(_ answers: [FuzzInput.Part]) {
        self.answers = answers
    }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.with { $0.now = max($0.now, deadline) }
    }

    /// The next answer; nil where enough has been asked.
    private func next() -> FuzzInput.Part? {
        state.with { state in
            state.calls += 1
            guard state.calls <= Self.callLimit else { return nil }
            guard !answers.isEmpty else { return FuzzInput.Part(name: "", text: "") }
            return answers[min(state.calls, answers.count) - 1]
        }
    }

    /// A part that is named by a number has that exit status, and its text is what the program complains about.
    func run(_ request: ProcessRequest, onLine: ProcessLineHandler?) async throws(ProcessFailure) -> ProcessResult {
        guard let answer = next() else { throw ProcessFailure(.cancelled, request.executable, "enough") }
        let status = Int32(answer.name) ?? 0
        var (output, error) = (CapturedOutput(limitBytes: 1 << 20), CapturedOutput(limitBytes: 1 << 20))
        if status == 0 { output.append(Array(answer.text.utf8)) } else { error.append(Array(answer.text.utf8)) }
        for line in answer.text.split(separator: "\n") {
            await onLine?(ProcessLine(stream: status == 0 ? .output : .error, text: String(line)))
        }
        return ProcessResult(status: .exited(status), output: output, error: error)
    }

    /// A part that is named by a number has that status; one named `lost` is no reply.
    func perform(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        guard let answer = next() else {
            throw HTTPFailure(.cancelled, .unknown, request: request.description, message: "enough")
        }
        if answer.name == "lost" {
            throw HTTPFailure(.connectionLost, .unknown, request: request.description, message: "it broke")
        }
        return HTTPResponse(status: Int(answer.name) ?? 200, body: Data(answer.text.utf8))
    }

    func download(
        _ request: HTTPRequest, to path: String, progress: @escaping @Sendable (HTTPProgress) -> Void
    ) async throws(HTTPFailure) -> HTTPDownload {
        throw HTTPFailure(
            .invalidRequest, .notSent, request: request.description, message: "nothing is downloaded here")
    }
}
