import Glibc
import Workflow

/// Asks whoever sits at the terminal.
struct Confirmation {
    private static let pause = Duration.milliseconds(50)

    /// Whether somebody sits there who can answer.
    static func isPossible(_ environment: [String: String]) -> Bool {
        isatty(STDIN_FILENO) == 1 && Terminal.isInteractive(environment)
    }

    /// - Throws: Where the answer is not `yes`, or the program is told to stop meanwhile.
    static func require(_ question: String) async throws {
        Terminal.draw("\(question) Only 'yes' is taken as a yes: ")
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        // Looked at from time to time, so that a signal ends the wait at once.
        while poll(&input, 1, 0) == 0 { try await Task.sleep(for: pause) }
        guard readLine() == "yes" else {
            throw CommandFailure(.waits, "not confirmed: nothing was undone")
        }
    }
}
