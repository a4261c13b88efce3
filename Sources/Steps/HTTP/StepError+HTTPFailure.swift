package import Workflow

extension StepError {
    /// What a request without a reply means for a step.
    ///
    /// - Parameter mutates: The request changes something: where its delivery is unknown, so is what it did.
    package init(_ failure: HTTPFailure, mutates: Bool, object: String? = nil) {
        let kind: Kind =
            switch failure.kind {
            case .cancelled: .cancelled
            case .invalidRequest, .tls, .tooLarge, .couldNotWrite: .permanent
            case _ where mutates && failure.delivery == .unknown: .outcomeUnknown
            case .timedOut: .timedOut
            case .couldNotResolve, .couldNotConnect, .connectionLost, .invalidResponse, .other: .transient
            }
        self.init(kind, failure.message, object: object ?? failure.request, remedy: failure.remedy)
    }
}
