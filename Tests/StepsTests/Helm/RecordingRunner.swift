import Steps
import Workflow

/// Runs programs for real, and keeps what everybody on the machine could see of them.
final class RecordingRunner: ProcessRunning {
    private let runner: any ProcessRunning
    private let seen = Locked<[String]>([])

    init(_ runner: any ProcessRunning) {
        self.runner = runner
    }

    /// One text a process.
    var arguments: [String] { seen.with { $0 } }

    func run(_ request: ProcessRequest, onLine: ProcessLineHandler?) async throws(ProcessFailure) -> ProcessResult {
        seen.with { $0.append(request.description) }
        return try await runner.run(request, onLine: onLine)
    }
}
