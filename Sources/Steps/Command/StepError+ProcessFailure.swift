package import Workflow

extension StepError {
    /// What a failed program means for a step.
    package init(_ failure: ProcessFailure, object: String? = nil) {
        let kind: Kind =
            switch failure.kind {
            case .executableNotFound, .workingDirectoryUnusable, .couldNotStart: .permanent
            case .timedOut: .timedOut
            case .cancelled: .cancelled
            case .exited, .signalled, .outputUnreadable: .transient
            }
        self.init(kind, failure.summary, object: object ?? failure.executable, remedy: failure.remedy)
    }
}
