package import Workflow

// What a failure of a program, a request or an archive means to a step. A step kind that knows better (an exit status
// that may pass, a status of an API) builds its own `StepError`.

extension StepError {
    /// - Parameter transientExits: Whether a program that ran and failed may succeed when it is run again.
    package init(_ failure: ProcessFailure, object: String? = nil, transientExits: Bool = false) {
        let kind: Kind =
            switch failure.kind {
            case .timedOut: .timedOut
            case .cancelled: .cancelled
            case .executableNotFound, .workingDirectoryUnusable: .permanent
            case .exited: transientExits ? .transient : .permanent
            case .couldNotStart, .signalled: .transient
            // It has run, but what it did is not known.
            case .outputUnreadable: .outcomeUnknown
            }
        self.init(kind, failure.summary, object: object, remedy: failure.remedy)
    }

    /// - Parameter changes: Whether the request was to change something, so that its lost reply leaves the outcome unknown.
    package init(_ failure: HTTPFailure, changes: Bool) {
        let kind: Kind =
            switch failure.kind {
            case .cancelled where failure.delivery == .notSent || !changes: .cancelled
            case _ where failure.delivery == .unknown && changes: .outcomeUnknown
            case .timedOut: .timedOut
            case .couldNotResolve, .couldNotConnect, .connectionLost, .other: .transient
            case .invalidRequest, .tls, .tooLarge, .invalidResponse, .couldNotWrite, .cancelled: .permanent
            }
        self.init(kind, failure.message, object: failure.request, remedy: failure.remedy)
    }

    package init(_ failure: ZipFailure) {
        if case .process(let process) = failure.kind {
            self.init(process, object: failure.path)
            return
        }
        let kind: Kind = if case .system = failure.kind { .transient } else { .permanent }
        self.init(kind, failure.message, object: failure.path, remedy: failure.remedy)
    }
}
