package import Workflow

/// `command.run`: runs a program, or a shell script.
///
/// A program that fails is run again (as the step's `retry` says) only where that is known to be harmless: there is a
/// `check`, or it is `idempotent`, or it ended with 75, by which it says so itself (`EX_TEMPFAIL` of sysexits.h). Else
/// its failure is final; and where a signal ended it, nobody knows how far it came, so the outcome is unknown. 126 and
/// 127 (not a program, not found) never pass by themselves.
package struct CommandRun: StepKind {
    package let name = "command.run"
    package let summary = "Runs a program or a shell script, and can tell whether it still has to."
    package let parameters = [
        Parameter("command", .array(.string), exposed: true, "The program and its arguments; this or 'script'."),
        Parameter("script", .string, exposed: true, "A script for 'sh -eu'; this or 'command'."),
        Parameter("environment", .map(.string), default: [:], secret: true, "Variables for it; the place for secrets."),
        Parameter("input", .string, secret: true, "Text for its standard input; the other place for secrets."),
        Parameter("directory", .string(.path), "Where it starts."),
        Parameter(
            "check", .string, exposed: true,
            "A script that changes nothing and ends with 0 where the work is done already, with 1 where it is not. "
                + "What it writes is the step's output then."),
        Parameter(
            "idempotent", .boolean, default: false,
            "It may be run again at any time: after it failed, and after its attempt was interrupted."),
        Parameter(
            "revert", .string, exposed: true,
            "A script that undoes it, also what was half done; without it, a rollback passes over it."),
        Parameter("json", .boolean, default: false, "Standard output is JSON, and 'result' what was read from it."),
        Parameter(
            "secret", .boolean, default: false,
            "Standard output is a secret: it is no part of logs and errors, and the outputs, with each text in a 'result', "
                + "are sealed. Standard error is kept, so nothing secret may be written there."),
    ]
    package let outputs = [
        Parameter(
            "stdout", .string, "What it wrote to standard output, without the last line end; null beyond 64 KiB."),
        Parameter("result", .any, "Standard output read as JSON, with 'json: true'."),
    ]
    package let reverting = Reverting.automatic

    private static let outputLimitBytes = 64 << 10
    private let processes: any ProcessRunning

    package init(processes: any ProcessRunning) {
        self.processes = processes
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        _ = try command(input)
        guard let check = try input.optionalString("check") else {
            let isIdempotent = try input.flag("idempotent")
            return isIdempotent ? .absent() : .unknown("a command without 'check' cannot be asked")
        }
        let result = try await run(script(check), input, as: "check", ifLost: .transient, context)
        switch result.status {
        case .exited(0): return .present(try output(of: result, of: "check", input, context))
        case .exited(1): return .absent()
        case .exited(126), .exited(127): throw try failure("check", .permanent, result, input)
        case .exited, .signalled: throw try failure("check", .transient, result, input)
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let command = try command(input)
        let isRepeatable = try input["check"] != nil || input.flag("idempotent")
        let result = try await run(
            command, input, as: "command", ifLost: isRepeatable ? .transient : .outcomeUnknown, context)
        switch result.status {
        case .exited(0): return try output(of: result, of: "command", input, context)
        case .exited(75): throw try failure("command", .transient, result, input)
        case .exited(126), .exited(127): throw try failure("command", .permanent, result, input)
        case .exited: throw try failure("command", isRepeatable ? .transient : .permanent, result, input)
        case .signalled: throw try failure("command", isRepeatable ? .transient : .outcomeUnknown, result, input)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let revert = try input.optionalString("revert") else {
            return ["what the command of step '\(context.step)' did (it has no 'revert')"]
        }
        let result = try await run(script(revert), input, as: "revert", ifLost: .transient, context)
        switch result.status {
        case .exited(0): return []
        case .exited(126), .exited(127): throw try failure("revert", .permanent, result, input)
        case .exited, .signalled: throw try failure("revert", .transient, result, input)
        }
    }

    package func undoing(_ parameters: [String: Value], prior: Value?) -> String? {
        parameters["revert"] == nil ? "undoes nothing: it has no 'revert'" : nil
    }

    private func command(_ input: StepInput) throws(StepError) -> [String] {
        let command = try input.strings("command")
        let script = try input.optionalString("script")
        guard command.isEmpty != (script == nil) else {
            throw StepError(
                .permanent, "exactly one of 'command' and 'script' must be given", object: "command",
                remedy: "give a list under 'command', or a text under 'script'")
        }
        return script.map(self.script) ?? command
    }

    private func script(_ text: String) -> [String] { ["sh", "-euc", text] }

    /// - Parameters:
    ///   - role: The parameter that the program comes from, for errors.
    ///   - lost: What it means that it ran, and how it ended is not known.
    private func run(
        _ command: [String], _ input: StepInput, as role: String, ifLost lost: StepError.Kind, _ context: StepContext
    ) async throws(StepError) -> ProcessResult {
        var environment: [String: String?] = [:]
        for (name, value) in try input.object("environment") { environment[name] = value.stringValue }
        let isSecret = try input.flag("secret")
        let request = ProcessRequest(
            command[0], Array(command.dropFirst()), environment: environment,
            input: try input.optionalString("input").map { Array($0.utf8) },
            workingDirectory: try input.optionalString("directory"), captureLimitBytes: Self.outputLimitBytes)
        do {
            return try await processes.run(request, logging: context, hidingOutput: isSecret)
        } catch {
            var failure = StepError(error, object: role)
            if failure.kind == .outcomeUnknown { failure.kind = lost }
            throw failure
        }
    }

    private func failure(
        _ role: String, _ kind: StepError.Kind, _ result: ProcessResult, _ input: StepInput
    ) throws(StepError) -> StepError {
        let what =
            switch result.status {
            case .exited(let code): "ended with status \(code)"
            case .signalled(let signal): "was ended by signal \(signal)"
            }
        // Some programs complain on standard output.
        let told = try input.flag("secret") ? [result.error] : [result.error, result.output]
        let words = told.lazy.map { Excerpt.end(of: $0.text) }.first { !$0.isEmpty }
        let remedy =
            switch result.status {
            case .exited: "correct what it complains about, then resume the run"
            case .signalled(9): "the system may be short of memory (see the kernel's log); then resume the run"
            case .signalled: "find out who sent the signal, then resume the run"
            }
        return StepError(kind, what + (words.map { ": \($0)" } ?? ""), object: role, remedy: remedy)
    }

    private func output(
        of result: ProcessResult, of role: String, _ input: StepInput, _ context: StepContext
    ) throws(StepError) -> StepOutput {
        let wantsJSON = try input.flag("json")
        guard let bytes = result.output.bytes else {
            let what = "standard output is larger than \(Self.outputLimitBytes) bytes"
            if wantsJSON {
                throw StepError(
                    .permanent, what, object: role, remedy: "write less, or write to a file and name it in the output")
            }
            context.log(.note, what + ", so there is no output 'stdout'")
            return StepOutput(["stdout": .null])
        }
        let text = String(decoding: bytes, as: UTF8.self)
        var values: [String: Value] = ["stdout": .string(text.hasSuffix("\n") ? String(text.dropLast()) : text)]
        if wantsJSON {
            do {
                values["result"] = try Value(json: text)
            } catch {
                throw StepError(
                    .permanent, "standard output is not JSON", object: role,
                    remedy: "write nothing but JSON to standard output, also in 'check'")
            }
        }
        return try input.flag("secret") ? StepOutput(secretValues: values) : StepOutput(values)
    }
}

extension ProcessRunning {
    /// Runs a program, and keeps the lines it writes with the attempt.
    ///
    /// - Parameter hidesOutput: Whether those of standard output are a secret, and not kept.
    package func run(
        _ request: ProcessRequest, logging context: StepContext, hidingOutput hidesOutput: Bool = false
    ) async throws(ProcessFailure) -> ProcessResult {
        try await run(request) { line in
            switch line.stream {
            case .output where hidesOutput: break
            case .output: context.log(.stdout, line.text)
            case .error: context.log(.stderr, line.text)
            }
        }
    }
}
