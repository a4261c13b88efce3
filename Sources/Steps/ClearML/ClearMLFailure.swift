package import Workflow

/// Why a call of ClearML's API gave no result.
package struct ClearMLFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Cause: Hashable, Sendable {
        /// The server answered with an error of its own.
        case refused(code: Int, subcode: Int)
        /// Something answered that is no ClearML API server: a proxy, an ingress without a backend, another site.
        case notClearML(status: Int)
        /// Nothing answered, or not to its end.
        case noReply(HTTPFailure.Kind)
    }

    package let cause: Cause
    /// The facts, without any secret.
    package let message: String
    /// Method and URL of the call.
    package let call: String
    /// True where a change was asked for and it cannot be told whether it was carried out.
    package let mayHaveHappened: Bool
    /// What the operator can do; nil: what follows from the cause.
    private let advice: String?

    package init(
        _ cause: Cause, call: String, message: String, mayHaveHappened: Bool = false, advice: String? = nil
    ) {
        self.cause = cause
        self.call = call
        self.message = message
        self.mayHaveHappened = mayHaveHappened
        self.advice = advice
    }

    /// Whether the server said exactly this.
    package func isRefused(_ code: Int, _ subcode: Int) -> Bool { cause == .refused(code: code, subcode: subcode) }

    /// A field that must be unique holds this value already: a queue's name in its company, a user's e-mail anywhere.
    package var isAlreadyThere: Bool { isRefused(400, 801) }
    /// The server has no such endpoint: it is of another version or edition.
    package var isUnknownEndpoint: Bool { isRefused(404, 0) }

    /// The user that was to be impersonated is not there, or out of these credentials' reach.
    package var isUnknownIdentity: Bool { isRefused(400, 6) && message.lowercased().contains("unknown user") }
    /// No user has this id, or none of the user's credentials this key.
    package var isUnknownUser: Bool { isRefused(400, 300) || isRefused(400, 301) }
    /// No object that the call names is there: a company.
    package var isUnknownObject: Bool { isRefused(400, 10) }

    package var description: String { stepError.description }

    /// The failure as a step reports it.
    package var stepError: StepError {
        StepError(kind, message, object: call, remedy: remedy)
    }

    private var kind: StepError.Kind {
        if cause == .noReply(.cancelled), !mayHaveHappened { return .cancelled }
        if mayHaveHappened { return .outcomeUnknown }
        switch cause {
        case .refused(400, 801): return .conflict
        case .refused(429, _), .refused(500..., _): return .transient
        case .refused: return .permanent
        case .notClearML(429), .notClearML(500...): return .transient
        case .notClearML: return .permanent
        case .noReply(let kind):
            switch kind {
            case .couldNotResolve, .couldNotConnect, .connectionLost, .other: return .transient
            case .timedOut: return .timedOut
            case .cancelled: return .cancelled
            case .invalidRequest, .tls, .tooLarge, .invalidResponse, .couldNotWrite: return .permanent
            }
        }
    }

    package var remedy: String {
        if let advice { return advice }
        switch cause {
        case .refused(401, _):
            return "check the access key and its secret: they must be those the server was installed with"
        case .refused(403, _): return "use credentials whose role is allowed to do this (system or root)"
        case .refused(404, 0): return "this server's version or edition does not have the call; upgrade the server"
        case .refused(400, 6):
            return "check the user that is impersonated, and that these credentials may cross companies"
        case .refused(400, 301):
            return "name a user of the tenant: those of the server's own are changed in its configuration alone"
        case .refused(400, 801): return "choose another name, or adopt what is there"
        case .refused(429, _), .refused(500..., _): return "look at the apiserver's log, then resume the run"
        case .refused: return "correct what the message names"
        case .notClearML(502), .notClearML(503), .notClearML(504):
            return "the proxy in front has no working apiserver: look at its pods and at the ingress"
        case .notClearML: return "check that the URL is that of the API server (api.…), not of the web server"
        case .noReply(let kind):
            return HTTPFailure(kind, .notSent, request: call, message: message).remedy
        }
    }
}

/// Carries out `body`; where a call of the API fails, its failure becomes the error that a step reports.
func reportingFailures<R>(_ body: () async throws -> R) async throws -> R {
    do {
        return try await body()
    } catch let failure as ClearMLFailure {
        throw failure.stepError
    }
}
