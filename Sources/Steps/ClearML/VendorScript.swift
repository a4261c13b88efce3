package import Workflow

/// Runs a Python script that takes secrets as command-line arguments, without them ever being on a command line.
///
/// Every user of the machine can read the arguments of every process. So Python is started with a few lines of its own,
/// reads the script's arguments from standard input, and puts them into `sys.argv` inside the interpreter: the script finds
/// them where it looks, and the system never sees them. What it asks for on its standard input finds the end of it.
package struct VendorScript: Sendable {
    let python: String
    /// Absolute.
    let path: String
    let arguments: [String]
    let environment: [String: String]

    package init(python: String, path: String, arguments: [String], environment: [String: String]) {
        self.python = python
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    private static let launcher = """
        import json, os, runpy, sys
        call = json.load(sys.stdin)
        sys.argv = [call["script"]] + call["arguments"]
        sys.path[0] = os.path.dirname(call["script"])
        runpy.run_path(call["script"], run_name="__main__")
        """

    var request: ProcessRequest {
        let call: Value = ["script": .string(path), "arguments": .array(arguments.map { .string($0) })]
        // -B: leaves no compiled files beside the script. -u: what it says comes at once.
        return ProcessRequest(
            python, ["-B", "-u", "-c", Self.launcher], environment: environment.mapValues { $0 },
            input: Array(call.canonicalJSON.utf8))
    }

    package func run(
        with processes: any ProcessRunning, object: String, onLine: @escaping ProcessLineHandler
    ) async throws(StepError) {
        let request = request
        do {
            _ = try await processes.run(request, onLine: onLine).requireSuccess(of: request)
        } catch {
            throw Self.error(error, object: object)
        }
    }

    private static func error(_ failure: ProcessFailure, object: String) -> StepError {
        let said = failure.result?.error.text ?? ""
        let end = said.split(whereSeparator: \.isNewline).last.map(String.init) ?? failure.message
        switch failure.kind {
        case .cancelled: return StepError(.cancelled, "the script was stopped", object: object)
        case .timedOut: return StepError(.timedOut, failure.message, object: object, remedy: failure.remedy)
        case .executableNotFound, .workingDirectoryUnusable:
            return StepError(.permanent, failure.message, object: object, remedy: failure.remedy)
        case .exited where said.contains("ModuleNotFoundError") || said.contains("ImportError"):
            return StepError(
                .permanent, "the script needs a Python module: \(end)", object: object,
                remedy: "install the module for this Python, or name another one (`python`)")
        case .exited where said.contains("SyntaxError"):
            return StepError(
                .permanent, "this Python cannot read the script: \(end)", object: object,
                remedy: "name a Python that the script is meant for (`python`)")
        case .exited(2) where said.contains("usage:"):
            return StepError(
                .permanent, "the script does not know its arguments: \(end)", object: object,
                remedy: "set `options` to what this script takes: password or key")
        case .exited(let code):
            return StepError(
                .transient, "the script ended with status \(code): \(failure.message)", object: object,
                remedy: "look at its output, mend what it names, then resume the run")
        case .couldNotStart, .signalled, .outputUnreadable:
            return StepError(.transient, failure.message, object: object, remedy: failure.remedy)
        }
    }
}
