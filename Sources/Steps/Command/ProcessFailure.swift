/// Why a program did not do what it was started for.
package struct ProcessFailure: Error, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// No such program in `PATH`, or no such file.
        case executableNotFound
        /// The working directory does not exist or cannot be entered.
        case workingDirectoryUnusable
        /// The operating system refused to start it.
        case couldNotStart
        /// Stopped because it took longer than the given time.
        case timedOut(after: Duration)
        /// Stopped because the task that ran it was cancelled.
        case cancelled
        /// It ended with a status other than 0.
        case exited(Int32)
        /// A signal ended it that this runner did not send.
        case signalled(Int32)
        /// Its output could not be read.
        case outputUnreadable
    }

    package let kind: Kind
    /// As it was asked for: a name or a path.
    package let executable: String
    /// The facts, without the program's name. May quote the program's own output.
    package let message: String
    /// What was captured until then; nil if the program never started, so that nothing at all has happened.
    package let result: ProcessResult?

    package init(_ kind: Kind, _ executable: String, _ message: String, result: ProcessResult? = nil) {
        self.kind = kind
        self.executable = executable
        self.message = message
        self.result = result
    }

    /// What the operator can do.
    package var remedy: String {
        switch kind {
        case .executableNotFound:
            Self.installation[executable] ?? "install '\(executable)' or add its directory to PATH"
        case .workingDirectoryUnusable: "create the directory, or name another working directory"
        case .couldNotStart: "check that the file is a program for this machine, and the limits on processes and memory"
        case .timedOut: "raise the step's timeout, or find out from its output what it waited for"
        case .cancelled: "resume the run to try again"
        case .exited: "correct what the message names, then resume the run"
        case .signalled(9): "the system may be short of memory (see the kernel's log); then resume the run"
        case .signalled: "find out who sent the signal, then resume the run"
        case .outputUnreadable: "resume the run to try again"
        }
    }

    /// What happened, in a line or a few, with the program's name and without the remedy.
    package var summary: String {
        let what =
            switch kind {
            case .executableNotFound, .workingDirectoryUnusable, .couldNotStart, .outputUnreadable: message
            case .timedOut(let limit): "stopped after \(limit): \(message)"
            case .cancelled: "cancelled"
            case .exited(let code): "exit status \(code): \(message)"
            case .signalled(let signal): "ended by signal \(signal): \(message)"
            }
        return "\(executable): \(what)"
    }

    package var description: String { "\(summary)\n  fix: \(remedy)" }

    /// How to get the programs that the shipped workflows call.
    private static let installation = [
        "helm": "install Helm 3.14 or newer: https://helm.sh/docs/intro/install/",
        "kubectl": "install kubectl: https://kubernetes.io/docs/tasks/tools/",
        "unzip": "install unzip (Debian: apt install unzip)",
        "python3": "install Python 3 (Debian: apt install python3)",
    ]
}
