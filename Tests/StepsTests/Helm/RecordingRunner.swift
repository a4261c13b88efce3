import Steps
import Synchronization

/// Runs programs for real, and keeps what everybody on the machine could see of them.
final class RecordingRunner: ProcessRunning {
    private let runner: any ProcessRunning
    private let seen = Mutex<[String]>([])

    init(_ runner: any ProcessRunning) {
        self.runner = runner
    }

    /// One text a process.
    var arguments: [String] { seen.withLock { $0 } }

    func run(_ request: ProcessRequest, onLine: ProcessLineHandler?) async throws(ProcessFailure) -> ProcessResult {
        seen.withLock { $0.append(request.description) }
        return try await runner.run(request, onLine: onLine)
    }
}
