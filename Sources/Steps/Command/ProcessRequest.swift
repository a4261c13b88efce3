/// One program to run, with everything it may see.
///
/// Secrets belong in `environment`, `input`, or a file of ``PrivateFiles``; never in `arguments`, which every user of
/// the machine can read. The description therefore shows the program and its arguments alone.
package struct ProcessRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// A name to look up in the `PATH` the program is given, or a path (anything with a `/`).
    package var executable: String

    package var arguments: [String]

    /// Changes to the runner's base environment: a value sets a variable, nil removes it.
    package var environment: [String: String?]

    /// Bytes on standard input, held in memory only; nil connects `/dev/null`.
    package var input: [UInt8]?

    /// Where the program starts; nil: where the runner did.
    package var workingDirectory: String?

    /// Time from start to end after which the program is stopped; nil: none.
    package var timeout: Duration?

    /// Time between SIGTERM and SIGKILL when the program is stopped.
    package var grace: Duration

    /// Time its descendants may go on after the program has ended by itself, before SIGKILL: enough for a `tee` to empty
    /// its pipe, too little for a forgotten background process to hold up the step.
    package var linger: Duration

    /// Bytes of each output stream that are kept; what is cut out of the middle is counted.
    package var captureLimitBytes: Int

    /// The largest file the program may write; a write beyond it fails. Nil: no limit.
    package var fileSizeLimitBytes: Int?

    package init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        input: [UInt8]? = nil,
        workingDirectory: String? = nil,
        timeout: Duration? = nil,
        grace: Duration = .seconds(10),
        linger: Duration = .seconds(1),
        captureLimitBytes: Int = 1 << 20,
        fileSizeLimitBytes: Int? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.workingDirectory = workingDirectory
        self.timeout = timeout
        self.grace = grace
        self.linger = linger
        self.captureLimitBytes = captureLimitBytes
        self.fileSizeLimitBytes = fileSizeLimitBytes
    }

    package var description: String { ([executable] + arguments).joined(separator: " ") }
    package var debugDescription: String { description }
}
