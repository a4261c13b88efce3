package import Workflow

/// Runs a program whose standard output is a secret: it is returned, and goes nowhere else.
package struct SecretProgram: Sendable {
    private let processes: any ProcessRunning

    /// - Parameter environment: The variables that the program inherits.
    package init(environment: [String: String]) {
        processes = ProcessRunner(environment: environment)
    }

    /// - Throws: What the program complained about on standard error.
    package func output(of command: [String]) async throws(StepError) -> String {
        let request = ProcessRequest(
            command[0], Array(command.dropFirst()), timeout: .seconds(60), captureLimitBytes: 1 << 20)
        do {
            let result = try await processes.run(request)
            guard result.succeeded else {
                let words = result.error.text.split(whereSeparator: \.isNewline).suffix(3).joined(separator: "\n")
                throw StepError(.permanent, words.isEmpty ? "it failed and said nothing" : words, object: command[0])
            }
            return result.output.text
        } catch let error as StepError {
            throw error
        } catch let error as ProcessFailure {
            throw StepError(error, object: command[0])
        } catch {
            throw StepError(.permanent, "\(error)", object: command[0])
        }
    }
}
