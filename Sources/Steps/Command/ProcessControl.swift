import Glibc
import Workflow

/// The one place that decides whether, and why, a running program is told to stop.
///
/// The program's supervisor cannot be reaped before ``ended()`` (see ``ProcessRunner``), so a signal sent under the lock
/// never meets a stranger that was given the same process id.
final class ProcessControl: Sendable {
    enum Reason: Hashable, Sendable {
        case cancelled
        case timedOut(after: Duration)
    }

    private struct State {
        var process: pid_t?
        var reason: Reason?
    }

    private let state = Locked(State())

    /// Why the program was told to stop; nil: it was not.
    var reason: Reason? { state.with { $0.reason } }

    func started(_ process: pid_t) {
        state.with { state in
            state.process = process
            if state.reason != nil { kill(process, SIGTERM) }
        }
    }

    func ended() {
        state.with { $0.process = nil }
    }

    /// Tells the program to stop now, or as soon as it has started. The first reason stands.
    func stop(_ reason: Reason) {
        state.with { state in
            guard state.reason == nil else { return }
            state.reason = reason
            if let process = state.process { kill(process, SIGTERM) }
        }
    }
}
