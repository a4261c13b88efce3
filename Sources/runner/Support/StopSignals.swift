import Glibc
import UnixSignals
import Workflow

/// SIGHUP, SIGINT and SIGTERM: the first asks a command to end in good order, the second ends the program at once.
struct StopSignals {
    private let trapped: UnixSignalsSequence
    private let first = Locked<UnixSignal?>(nil)

    /// Traps the signals from now on. One that the program was told to ignore, as `nohup` does with SIGHUP, stays
    /// ignored.
    init() async {
        trapped = await UnixSignalsSequence(trapping: [.sighup, .sigint, .sigterm].filter { !Self.isIgnored($0) })
    }

    /// The signal that came first.
    var received: UnixSignal? { first.with { $0 } }

    /// Waits for signals, for as long as the task is not cancelled.
    ///
    /// - Parameter stop: Called at the first one.
    func watch(_ stop: @Sendable () -> Void) async {
        for await signal in trapped {
            let isFirst = first.with { first in
                defer { first = first ?? signal }
                return first == nil
            }
            // Nothing is lost: the journal holds all that was acknowledged.
            guard isFirst else { _exit(signal.exitStatus.rawValue) }
            stop()
        }
    }

    private static func isIgnored(_ signal: UnixSignal) -> Bool {
        var action = sigaction()
        guard sigaction(signal.rawValue, nil, &action) == 0 else { return false }
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

extension UnixSignal {
    /// How the program ends where this signal stopped it.
    var exitStatus: ExitStatus {
        switch self {
        case .sighup: .hungUp
        case .sigint: .interrupted
        default: .terminated
        }
    }
}

/// Work that was stopped from outside before it was done.
struct Stopped: Error {
    /// What has become of it, and how it goes on.
    var advice: String?
}
