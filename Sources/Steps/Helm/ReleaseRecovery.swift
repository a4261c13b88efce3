package import Foundation

/// Decides what to do about a release that an earlier helm left unfinished. Pure.
package enum ReleaseRecovery {
    package enum Action: Hashable, Sendable {
        /// Nothing is in the way.
        case proceed
        /// The newest revision belongs to a helm that is dead: forget it, then proceed.
        case forget(ReleaseRevision, why: String)
        /// Another helm may be at work until then.
        case wait(ReleaseRevision, until: Date)
        /// Somebody's uninstall stopped half-way.
        case uninstalling
    }

    /// - Parameters:
    ///   - history: Oldest first.
    ///   - isOurs: Whether the newest revision came after this step's first look at the release. Then an earlier
    ///     attempt of it has made it, and its helm cannot have outlived that.
    ///   - lifetime: How long another helm may take for one operation.
    ///   - hasInstallOnlyHooks: Whether the newest revision's chart has hooks that run at an install and not at an
    ///     upgrade.
    package static func action(
        history: [ReleaseRevision], isOurs: Bool, lifetime: Duration, now: Date, hasInstallOnlyHooks: Bool
    ) -> Action {
        guard let last = history.last else { return .proceed }
        if last.status == "uninstalling" { return .uninstalling }
        if last.isPending {
            if isOurs { return .forget(last, why: "its helm died with an earlier attempt of this step") }
            let end = (last.updated ?? now).addingTimeInterval(TimeInterval(lifetime.components.seconds))
            if end > now { return .wait(last, until: end) }
            return .forget(last, why: "its helm must be dead: it started at \(last.updated?.ISO8601Format() ?? "?")")
        }
        // An upgrade over a failed first install never runs the hooks that belong to an install. Without the failed
        // revision it is an install again.
        let wasEverDeployed = history.contains { $0.status == "deployed" || $0.status == "superseded" }
        if last.status == "failed", !wasEverDeployed, hasInstallOnlyHooks {
            return .forget(last, why: "its hooks for an install have to run")
        }
        return .proceed
    }

    /// Whether any of these hooks runs before or after an install and not likewise at an upgrade.
    package static func hasInstallOnlyHooks(_ hooks: [KubernetesObject]) -> Bool {
        hooks.contains { hook in
            let events = (hook.annotation("helm.sh/hook") ?? "").split(separator: ",")
                .map { $0.trimmingCharacters(in: .whitespaces) }
            return ["pre", "post"].contains { events.contains("\($0)-install") && !events.contains("\($0)-upgrade") }
        }
    }
}
