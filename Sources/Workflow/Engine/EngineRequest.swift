/// What the owner of a journal can be asked for: by its own program, or through the journal by another process.
public enum EngineRequest: Hashable, Sendable, Codable {
    /// `header.bundle` must be stored already. `sealedSecrets`: the values of the run's secrets, encrypted.
    case start(RunID, RunHeader, sealedSecrets: String?)
    case cancel(RunID, by: Actor, reason: String?)
    case rollback(RunID, by: Actor, reason: String?)
    /// Goes on with a stopped run. `sealedSecrets`: the run's secrets bound anew; nil keeps them.
    case resume(RunID, by: Actor, sealedSecrets: String?)
    case retry(RunID, from: String?, by: Actor)
    case skip(RunID, step: String, by: Actor, reason: String)
    case approve(RunID, step: String, by: Actor, reason: String?)
    case reject(RunID, step: String, by: Actor, reason: String?)
    case signal(RunID, name: String, data: Value, by: Actor)
    case resolve(RunID, step: String, Resolution, by: Actor, reason: String)

    public var run: RunID {
        switch self {
        case .start(let run, _, _), .cancel(let run, _, _), .rollback(let run, _, _), .resume(let run, _, _),
            .retry(let run, _, _), .skip(let run, _, _, _), .approve(let run, _, _, _), .reject(let run, _, _, _),
            .signal(let run, _, _, _), .resolve(let run, _, _, _, _):
            run
        }
    }
}

/// What became of a request.
public enum EngineAnswer: Hashable, Sendable, Codable {
    case done
    /// Why it does not fit, for people.
    case refused(String)
}
