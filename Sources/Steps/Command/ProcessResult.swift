/// How a program ended, and what it said.
package struct ProcessResult: Hashable, Sendable {
    package enum Status: Hashable, Sendable {
        /// It ended by itself; 0 is success.
        case exited(Int32)
        /// A signal ended it.
        case signalled(Int32)
    }

    package let status: Status
    package let output: CapturedOutput
    package let error: CapturedOutput

    package init(status: Status, output: CapturedOutput, error: CapturedOutput) {
        self.status = status
        self.output = output
        self.error = error
    }

    package var succeeded: Bool { status == .exited(0) }

    /// This result, if the program exited with 0.
    ///
    /// - Throws: A failure of kind `exited` or `signalled` that quotes the end of standard error.
    package func requireSuccess(of request: ProcessRequest) throws(ProcessFailure) -> ProcessResult {
        let kind: ProcessFailure.Kind
        switch status {
        case .exited(0): return self
        case .exited(let code): kind = .exited(code)
        case .signalled(let signal): kind = .signalled(signal)
        }
        throw ProcessFailure(kind, request.executable, lastWords, result: self)
    }

    /// The last lines of standard error, or of standard output where a program complains there.
    private var lastWords: String {
        for said in [error, output] {
            let lines = said.text.split(whereSeparator: \.isNewline).suffix(5)
            if !lines.isEmpty { return lines.joined(separator: "\n") }
        }
        return "it said nothing"
    }
}

/// One complete line (without its line break) that a running program has written.
package struct ProcessLine: Hashable, Sendable {
    package enum Stream: String, Hashable, Sendable {
        case output = "stdout"
        case error = "stderr"
    }

    package let stream: Stream
    /// Invalid UTF-8 is replaced by U+FFFD.
    package let text: String

    package init(stream: Stream, text: String) {
        self.stream = stream
        self.text = text
    }
}
