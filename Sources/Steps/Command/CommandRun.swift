import Foundation
package import Workflow

/// `command.run`: runs a program, or a shell script.
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
            "A script that ends with 0 where the work is done already, with 1 where it is not."),
        Parameter(
            "idempotent", .boolean, default: false,
            "It may be run again at any time, so an interrupted attempt needs nobody's judgement."),
        Parameter("revert", .string, exposed: true, "A script that undoes it; without it, a rollback passes over it."),
        Parameter("json", .boolean, default: false, "Its standard output is JSON: 'result' holds what was read from it."),
    ]
    package let outputs = [
        Parameter("stdout", .string, "What it wrote to standard output, without the last line end, at most 64 KiB."),
        Parameter("result", .any, "Standard output read as JSON, with 'json: true'."),
    ]
    package let reverting = Reverting.automatic

    private let processes: any ProcessRunning

    package init(processes: any ProcessRunning) {
        self.processes = processes
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        _ = try command(input)
        guard let check = try input.optionalString("check") else {
            return try input.flag("idempotent") ? .absent() : .unknown("a command without 'check' cannot be asked")
        }
        let result = try await run(["sh", "-euc", check], input, context)
        switch result.status {
        case .exited(0): return .present(try output(of: result, input))
        case .exited(1): return .absent()
        case .exited(let code): throw failure("'check' ended with status \(code)", result)
        case .signalled(let signal): throw failure("'check' was ended by signal \(signal)", result)
        }
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let result = try await run(try command(input), input, context)
        switch result.status {
        case .exited(0): return try output(of: result, input)
        case .exited(let code): throw failure("ended with status \(code)", result)
        case .signalled(let signal): throw failure("was ended by signal \(signal)", result)
        }
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let script = try input.optionalString("revert") else {
            return ["what the command of step '\(context.step)' did (it has no 'revert')"]
        }
        let result = try await run(["sh", "-euc", script], input, context)
        guard result.succeeded else { throw failure("'revert' failed", result) }
        return []
    }

    private func command(_ input: StepInput) throws(StepError) -> [String] {
        let command = try input.strings("command")
        let script = try input.optionalString("script")
        guard command.isEmpty != (script == nil) else {
            throw StepError(
                .permanent, "exactly one of 'command' and 'script' must be given",
                remedy: "give a list under 'command', or a text under 'script'")
        }
        return script.map { ["sh", "-euc", $0] } ?? command
    }

    private func run(
        _ command: [String], _ input: StepInput, _ context: StepContext
    ) async throws(StepError) -> ProcessResult {
        var environment: [String: String?] = [:]
        for (name, value) in try input.object("environment") { environment[name] = value.stringValue }
        let request = ProcessRequest(
            command[0], Array(command.dropFirst()), environment: environment,
            input: try input.optionalString("input").map { Array($0.utf8) },
            workingDirectory: try input.optionalString("directory"), captureLimitBytes: 1 << 16)
        do {
            return try await processes.run(request, logging: context)
        } catch {
            throw StepError(error, object: command[0])
        }
    }

    private func failure(_ what: String, _ result: ProcessResult) -> StepError {
        let words = result.error.text.split(whereSeparator: \.isNewline).suffix(5).joined(separator: "\n")
        return StepError(
            .transient, what + (words.isEmpty ? "" : ": \(words)"), object: "command",
            remedy: "correct what it complains about, then resume the run")
    }

    private func output(of result: ProcessResult, _ input: StepInput) throws(StepError) -> StepOutput {
        let text = result.output.text
        var values: [String: Value] = ["stdout": .string(text.hasSuffix("\n") ? String(text.dropLast()) : text)]
        if try input.flag("json") {
            do {
                values["result"] = try Value(json: text)
            } catch {
                throw StepError(.permanent, "its standard output is not JSON", object: "command")
            }
        }
        return StepOutput(values)
    }
}

extension ProcessRunning {
    /// Runs a program, and keeps every line it writes with the attempt.
    package func run(
        _ request: ProcessRequest, logging context: StepContext
    ) async throws(ProcessFailure) -> ProcessResult {
        try await run(request) { line in context.log(line.stream == .output ? .stdout : .stderr, line.text) }
    }
}
