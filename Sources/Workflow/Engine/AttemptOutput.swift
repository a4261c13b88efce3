/// Where the lines go that an attempt writes about itself.
final class AttemptOutput: Sendable {
    private let run: RunID
    private let step: String
    private let attempt: Int
    private let time: any TimeSource
    private let mailbox: Mailbox<EngineMessage>
    private let budget: OutputBudget

    init(
        run: RunID, step: String, attempt: Int, time: any TimeSource, mailbox: Mailbox<EngineMessage>,
        budget: consuming OutputBudget
    ) {
        self.run = run
        self.step = step
        self.attempt = attempt
        self.time = time
        self.mailbox = mailbox
        self.budget = budget
    }

    func add(_ stream: LogStream, _ text: String) {
        for line in budget.admit(text) {
            let line = OutputLine(run: run, step: step, attempt: attempt, at: time.now(), stream: stream, text: line)
            mailbox.send(.output(run, line))
        }
    }
}
