import Foundation
import Workflow

/// How the program ends; the numbers are documented in `runner --help` and follow sysexits.h where it has a fitting one.
enum ExitStatus: Int32, Error {
    case done = 0
    case failed = 1
    case changes = 2
    case waits = 3
    case usage = 64
    case badData = 65
    case notFound = 66
    case unavailable = 69
    case fault = 70
    case inputOutput = 74
    case tryLater = 75
    case hungUp = 129
    case interrupted = 130
    case terminated = 143

    /// For the help of commands that follow a run to its end.
    static let ofRuns = """
        Ends with 0 where the run has succeeded, with 1 where it has failed, was cancelled or rolled back, and with 3 where \
        somebody has to decide; 'runner --help' lists all exit statuses.
        """

    /// What a settled run's status means for the exit status.
    init(_ status: RunStatus) {
        self =
            switch status {
            case .succeeded: .done
            case .unknown: .waits
            default: .failed
            }
    }
}

/// An error as the user sees it.
struct CommandFailure: Error, CustomStringConvertible {
    var status: ExitStatus
    var description: String

    init(_ status: ExitStatus, _ message: String, fix: String? = nil) {
        self.status = status
        description = message + (fix.map { "\n  fix: \($0)" } ?? "")
    }

    /// Every error that a command may end with, in the user's words.
    init(explaining error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case let error as JournalError:
            let status: ExitStatus = [.leaseHeld, .leaseLost, .busy].contains(error.code) ? .tryLater : .inputOutput
            self.init(status, error.description)
        case let error as DefinitionErrors: self.init(.badData, error.description)
        case let error as SealError: self.init(.badData, error.description)
        case let error as StepError: self.init(.failed, error.description)
        case let error as InvalidEvent: self.init(.waits, error.description)
        case let error as CocoaError: self.init(.inputOutput, Self.text(of: error))
        default: self.init(.fault, String(describing: error), fix: "report this as a fault of the runner")
        }
    }

    private static func text(of error: CocoaError) -> String {
        let reason = (error.underlying as? POSIXError).map { ": " + String(cString: strerror($0.code.rawValue)) } ?? ""
        return (error.filePath.map { "\($0): " } ?? "") + error.localizedDescription + reason
    }
}
