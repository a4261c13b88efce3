@preconcurrency import Dispatch
import Glibc
import Workflow

/// SIGINT, SIGTERM and SIGHUP: the first stops the engine in good order, the second ends the program at once.
final class StopSignals: Sendable {
    enum Received: String, Sendable, CaseIterable {
        case hangUp = "SIGHUP"
        case interrupt = "SIGINT"
        case terminate = "SIGTERM"

        var number: Int32 {
            switch self {
            case .hangUp: SIGHUP
            case .interrupt: SIGINT
            case .terminate: SIGTERM
            }
        }

        var status: ExitStatus {
            switch self {
            case .hangUp: .hungUp
            case .interrupt: .interrupted
            case .terminate: .terminated
            }
        }
    }

    private let sources: [any DispatchSourceSignal]
    private let first = Locked<Received?>(nil)

    init(stop: @escaping @Sendable () -> Void) {
        sources = Received.allCases.map { received in
            signal(received.number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: received.number, queue: .global())
        }
        for (received, source) in zip(Received.allCases, sources) {
            source.setEventHandler { [first] in
                let isFirst = first.with { first in
                    defer { first = first ?? received }
                    return first == nil
                }
                // Nothing is lost: the journal holds all that was acknowledged.
                guard isFirst else { _exit(received.status.rawValue) }
                stop()
            }
            source.resume()
        }
    }

    var received: Received? { first.with { $0 } }

    func cancel() {
        for source in sources { source.cancel() }
        for received in Received.allCases { signal(received.number, SIG_DFL) }
    }
}
