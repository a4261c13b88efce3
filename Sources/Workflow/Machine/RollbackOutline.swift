/// What a rollback would do with a run as it stands.
public struct RollbackOutline: Hashable, Sendable {
    /// What becomes of an instance.
    public enum Fate: Hashable, Sendable {
        case reverted
        /// The workflow says `revert: keep`.
        case kept
        /// It was as wanted already: not this run's doing.
        case found
        /// A point of no return.
        case final
        /// A point of no return rests on it.
        case underFinal
    }

    public struct Item: Hashable, Sendable {
        public var instance: InstanceID
        public var fate: Fate
    }

    /// First what is reverted, in its order; then what stays, in the order of the file.
    public internal(set) var items: [Item] = []
    /// Whether attempts are under way, which are ended first.
    public internal(set) var isUnderWay: Bool
}

extension RunMachine {
    /// Finds out what a rollback would do, by playing it on a copy.
    ///
    /// - Throws: `InvalidEvent` where the run is in no state for one.
    public func rollbackOutline() throws(InvalidEvent) -> RollbackOutline {
        var play = self
        let now = Timestamp(milliseconds: 0)
        try play.apply(.rollbackRequested(by: .policy, reason: nil), at: now)
        for id in instances {
            switch self[id].phase {
            case .running: try play.apply(.attemptInterrupted(id, reason: ""), at: now)
            case .waiting(.run): try play.apply(.attemptFailed(id, StepError(.cancelled, ""), retryAt: nil), at: now)
            default: break
            }
        }
        var outline = RollbackOutline(isUnderWay: busy > 0)
        while case .startRevert(let id, let attempt) = play.nextCommand() {
            try play.apply(.revertStarted(id, attempt: attempt), at: now)
            try play.apply(.reverted(id, left: []), at: now)
            outline.items.append(RollbackOutline.Item(instance: id, fate: .reverted))
        }
        let blocked = pointsOfNoReturn()
        for id in instances {
            if let fate = staying(id, blocked) { outline.items.append(RollbackOutline.Item(instance: id, fate: fate)) }
        }
        return outline
    }

    /// Why a rollback would leave an instance as it is; nil where it would not, or there is nothing of it.
    private func staying(_ id: InstanceID, _ blocked: Set<Int>) -> RollbackOutline.Fate? {
        let node = graph.nodes[id.step]
        guard self[id].effect != .none else {
            return node.rollback == .revert && self[id].phase == .succeeded ? .found : nil
        }
        switch node.rollback {
        case .skip: return .kept
        case .stop: return .final
        case .revert: return blocked.contains(id.step) ? .underFinal : nil
        }
    }
}
