import CLinux
import Glibc
import Subprocess
import SystemPackage

/// Receives a program's lines as they come, in order for each stream; the program waits while it works.
package typealias ProcessLineHandler = @Sendable (ProcessLine) async -> Void

package protocol ProcessRunning: Sendable {
    /// Runs a program to its end.
    ///
    /// When the task is cancelled, the program and all its descendants get SIGTERM, the request's grace, then SIGKILL;
    /// the call returns after the last of them has gone.
    ///
    /// - Returns: The result, also of a program that failed; see ``ProcessResult/requireSuccess(of:)``.
    func run(_ request: ProcessRequest, onLine: ProcessLineHandler?) async throws(ProcessFailure) -> ProcessResult
}

extension ProcessRunning {
    package func run(_ request: ProcessRequest) async throws(ProcessFailure) -> ProcessResult {
        try await run(request, onLine: nil)
    }
}

/// Runs real programs: swift-subprocess starts them and reads their output, and a supervisor (see `supervisor.c`) between
/// this process and each of them makes sure that none of them, nor any descendant, is left behind.
///
/// Signals, grace and clean-up are the supervisor's and not the library's teardown sequence, which ends with the program
/// (leaving its descendants) and is not there at all when this process is killed.
package struct ProcessRunner: ProcessRunning {
    private let environment: [String: String]
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - environment: What every program inherits, before its request's changes.
    ///   - clock: Measures the requests' timeouts.
    package init(environment: [String: String], clock: any Clock<Duration> = ContinuousClock()) {
        self.environment = environment
        self.clock = clock
    }

    package func run(
        _ request: ProcessRequest, onLine: ProcessLineHandler?
    ) async throws(ProcessFailure) -> ProcessResult {
        let environment = environment.merging(request.environment.compactMapValues { $0 }) { $1 }
            .filter { name, _ in request.environment[name] != .some(nil) }
        try check(request, environment)
        let path = try ExecutableLookup(environment: environment, workingDirectory: request.workingDirectory)
            .path(of: request.executable)
        guard !Task.isCancelled else {
            throw ProcessFailure(.cancelled, request.executable, "before it was started")
        }
        let input = try inputFile(of: request)
        let control = ProcessControl()

        // The library must not see the cancellation: it would stop reading while the program says, during its grace,
        // why it stops. So the program runs in a task of its own, which is awaited here in every case.
        let execution = Task {
            try await execute(
                request, path: path, environment: environment, input: input, control: control, onLine: onLine)
        }
        let timer = request.timeout.map { limit in
            Task {
                // Throws only when the program has ended first.
                if (try? await clock.sleep(for: limit)) != nil { control.stop(.timedOut(after: limit)) }
            }
        }
        let outcome = await withTaskCancellationHandler {
            await execution.result
        } onCancel: {
            control.stop(.cancelled)
        }
        timer?.cancel()
        await timer?.value

        return try conclude(request, outcome, control.reason)
    }

    /// Starts the supervisor with the program, and reads both streams until the last writer has gone.
    private func execute(
        _ request: ProcessRequest, path: String, environment: [String: String], input: FileDescriptor,
        control: ProcessControl, onLine: ProcessLineHandler?
    ) async throws -> ProcessResult {
        var options = PlatformOptions()
        options.createSession = true
        let supervisor = Arguments(
            executablePathOverride: CLINUX_SUPERVISOR,
            remainingValues: [
                "\(getpid())", "\(request.grace.milliseconds)", "\(request.linger.milliseconds)",
                "\(request.fileSizeLimitBytes ?? -1)", path, request.executable,
            ] + request.arguments)
        let ended = try await Subprocess.run(
            // Our own program file, even if it has been replaced or removed since we started.
            .path("/proc/self/exe"),
            arguments: supervisor,
            environment: .custom(
                Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
            workingDirectory: request.workingDirectory.map { FilePath($0) },
            platformOptions: options,
            input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .sequence,
            error: .sequence
        ) { process in
            // Not reaped before this closure returns, hence a safe target until then.
            control.started(process.processIdentifier.value)
            defer { control.ended() }
            async let output = capture(process.standardOutput, .output, request, onLine)
            async let error = capture(process.standardError, .error, request, onLine)
            return try await (output, error)
        }
        let (output, error) = ended.closureResult
        let status: ProcessResult.Status =
            switch ended.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signalled(signal)
            }
        return ProcessResult(status: status, output: output, error: error)
    }

    private func capture(
        _ buffers: SubprocessOutputSequence, _ stream: ProcessLine.Stream, _ request: ProcessRequest,
        _ onLine: ProcessLineHandler?
    ) async throws -> CapturedOutput {
        var captured = CapturedOutput(limitBytes: request.captureLimitBytes)
        var splitter = LineSplitter()
        for try await buffer in buffers {
            let bytes = buffer.withUnsafeBytes { [UInt8]($0) }
            captured.append(bytes)
            guard let onLine else { continue }
            for text in splitter.split(bytes) { await onLine(ProcessLine(stream: stream, text: text)) }
        }
        if let onLine, let text = splitter.finish() { await onLine(ProcessLine(stream: stream, text: text)) }
        return captured
    }

    /// Refuses what the system would cut short. Here, because the library's own refusal quotes the variable's value.
    private func check(_ request: ProcessRequest, _ environment: [String: String]) throws(ProcessFailure) {
        for (name, value) in environment where name.isEmpty || name.contains("=") || (name + value).utf8.contains(0) {
            throw ProcessFailure(
                .couldNotStart, request.executable,
                "environment variable '\(name)' has a name or value it must not have")
        }
        for argument in [request.executable] + request.arguments where argument.utf8.contains(0) {
            throw ProcessFailure(.couldNotStart, request.executable, "an argument holds a NUL character")
        }
    }

    /// Standard input as a file in memory: there is no pipe to fill, so a program that does not read cannot block or
    /// break us, and no byte of it reaches a disk.
    private func inputFile(of request: ProcessRequest) throws(ProcessFailure) -> FileDescriptor {
        let descriptor =
            if let bytes = request.input {
                bytes.withUnsafeBytes { clinux_memory_file($0.baseAddress, $0.count) }
            } else {
                open("/dev/null", O_RDONLY | O_CLOEXEC)
            }
        guard descriptor >= 0 else {
            throw ProcessFailure(
                .couldNotStart, request.executable, "no standard input: \(Errno(rawValue: errno).description)")
        }
        return FileDescriptor(rawValue: descriptor)
    }

    private func conclude(
        _ request: ProcessRequest, _ outcome: Result<ProcessResult, any Error>, _ reason: ProcessControl.Reason?
    ) throws(ProcessFailure) -> ProcessResult {
        switch (outcome, reason) {
        case (.success(let result), let reason):
            if result.status == .exited(CLINUX_CANNOT_START), result.error.text.hasPrefix(CLINUX_CANNOT_START_PREFIX) {
                let message = result.error.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                throw ProcessFailure(
                    .couldNotStart, request.executable,
                    "cannot start " + message.dropFirst(CLINUX_CANNOT_START_PREFIX.count))
            }
            switch reason {
            case nil: return result
            case .cancelled: throw ProcessFailure(.cancelled, request.executable, "", result: result)
            case .timedOut(let limit):
                let last = result.error.text.split(whereSeparator: \.isNewline).last ?? "it had not ended"
                throw ProcessFailure(.timedOut(after: limit), request.executable, String(last), result: result)
            }
        case (.failure(let error as SubprocessError), _):
            let kind: ProcessFailure.Kind =
                switch error.code {
                case .failedToChangeWorkingDirectory: .workingDirectoryUnusable
                case .failedToReadFromSubprocess, .asyncIOFailed, .failedToMonitorProcess: .outputUnreadable
                default: .couldNotStart
                }
            throw ProcessFailure(kind, request.executable, error.description)
        case (.failure(let error), _):
            throw ProcessFailure(.outputUnreadable, request.executable, "\(error)")
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
