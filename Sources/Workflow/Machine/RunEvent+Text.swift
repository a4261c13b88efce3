extension RunEvent {
    /// One line for people: what happened, to which step. Holds no output and no secret.
    public func summary(in graph: RunGraph) -> String {
        func name(_ id: InstanceID) -> String {
            graph.nodes.indices.contains(id.step) ? graph.name(of: id) : "step number \(id.step)"
        }
        func by(_ actor: Actor, _ reason: String?) -> String { " by \(actor)" + (reason.map { ": \($0)" } ?? "") }
        return switch self {
        case .created(let header): "created by \(header.by)"
        case .admitted: "admitted"
        case .expanded(let step, let items): "\(name(InstanceID(step))) has \(items.count) items"
        case .skipped(let id, let reason, let actor):
            "\(name(id)) skipped" + (actor.map { by($0, reason) } ?? ": \(reason)")
        case .attemptStarted(let id, let attempt): "\(name(id)) attempt \(attempt) started"
        case .attemptPrepared(let id, _): "\(name(id)) looked at, applying"
        case .attemptSucceeded(let id, _, _, let changed):
            "\(name(id)) " + (changed ? "succeeded" : "was there already")
        case .attemptFailed(let id, let error, let retryAt):
            "\(name(id)) failed: \(error.message)" + (retryAt == nil ? "" : " (will be tried again)")
        case .attemptInterrupted(let id, let reason): "\(name(id)) interrupted: \(reason)"
        case .outcomeUnknown(let id, let reason): "\(name(id)) has an unknown outcome: \(reason)"
        case .waitStarted(let id, let wait):
            switch wait {
            case .timer: "\(name(id)) waits for its time"
            case .approval(let message, _): "\(name(id)) waits for an approval: \(message)"
            case .signal(let signal, _): "\(name(id)) waits for signal '\(signal)'"
            case .run(let run): "\(name(id)) waits for run \(run)"
            }
        case .timerFired(let id): "\(name(id)) woke"
        case .signalReceived(let signal, _, let actor): "signal '\(signal)' received" + by(actor, nil)
        case .approved(let id, let actor, let reason): "\(name(id)) approved" + by(actor, reason)
        case .rejected(let id, let actor, let reason): "\(name(id)) rejected" + by(actor, reason)
        case .resolved(let id, let resolution, let actor, let reason):
            switch resolution {
            case .adopt: "\(name(id)) resolved as done" + by(actor, reason)
            case .redo: "\(name(id)) resolved as safe to do again" + by(actor, reason)
            case .discard: "\(name(id)) resolved as not done" + by(actor, reason)
            }
        case .cancelRequested(let actor, let reason): "cancel requested" + by(actor, reason)
        case .rollbackRequested(let actor, let reason): "rollback requested" + by(actor, reason)
        case .resumed(let actor): "resumed" + by(actor, nil)
        case .retryRequested(let step, let actor):
            "retry requested" + (step.map { " from \(name(InstanceID($0)))" } ?? "") + by(actor, nil)
        case .revertStarted(let id, let attempt): "\(name(id)) revert \(attempt) started"
        case .reverted(let id, let left):
            "\(name(id)) reverted" + (left.isEmpty ? "" : "; left: \(left.joined(separator: "; "))")
        case .revertFailed(let id, let error, let retryAt):
            "\(name(id)) could not be reverted: \(error.message)" + (retryAt == nil ? "" : " (will be tried again)")
        case .revertInterrupted(let id): "\(name(id)) revert interrupted"
        case .settled(let status, _): "run \(status.rawValue)"
        }
    }
}
