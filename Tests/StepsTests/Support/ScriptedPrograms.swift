import Foundation
import Steps
import Workflow

/// Programs that print what a test says, and are never started.
final class ScriptedPrograms: ProcessRunning {
    private let answer: @Sendable ([String]) -> String
    private let calls = Locked<[ProcessRequest]>([])

    /// - Parameter answer: What is printed, by the arguments; the program then ends with 0.
    init(_ answer: @escaping @Sendable ([String]) -> String) {
        self.answer = answer
    }

    /// The arguments of each call.
    var asked: [[String]] { calls.with { $0.map(\.arguments) } }

    /// What the calls with this word among their arguments were given on standard input.
    func inputs(of word: String) -> [String] {
        calls.with { calls in
            calls.filter { $0.arguments.contains(word) }.map { String(decoding: $0.input ?? [], as: UTF8.self) }
        }
    }

    func run(_ request: ProcessRequest, onLine: ProcessLineHandler?) async throws(ProcessFailure) -> ProcessResult {
        calls.with { $0.append(request) }
        var output = CapturedOutput(limitBytes: 1 << 20)
        output.append(Array(answer(request.arguments).utf8))
        return ProcessResult(status: .exited(0), output: output, error: CapturedOutput(limitBytes: 0))
    }

    /// A cluster, and helm, that are these programs.
    func access() throws -> ClusterAccess {
        ClusterAccess(processes: self, files: try PrivateFiles(environment: ProcessInfo.processInfo.environment))
    }
}
