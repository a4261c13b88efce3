import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// What operators say to a run, from another process or with nobody driving it.
struct DecisionTests {
    private let asking = """
        steps:
          ask: { uses: approval, with: { message: "May I?" } }
          after: { uses: command.run, needs: [ask], with: { script: "echo ${{ steps.ask.by }} >> HOME/done", idempotent: true } }
        """

    /// Starts a run that waits, and returns once it does.
    private func start(_ home: Home, _ workflow: String) async throws -> RunningProgram {
        let owner = try home.start("run", workflow)
        try await until("it waits") { owner.output.contains(" waits for ") }
        return owner
    }

    @Test("a step is approved from another process, and the run goes on")
    func approve() async throws {
        let home = try Home()
        try home.workflow("asking", asking)
        let owner = try await start(home, "asking")
        #expect(try await home.steps()["ask"] == "waiting")
        #expect(try await home.succeed("show", "last").output.contains("runner approve"))
        let answer = try await home.succeed("approve", "last", "ask", "--reason", "it is time")
        #expect(answer.output == "step ask is approved\n")
        #expect(await owner.result().status == 0)
        #expect(home.read("done")?.hasPrefix("\(NSUserName())@") == true)
        let log = try await home.succeed("audit", "log", "last").output
        #expect(log.contains("ask approved by \(NSUserName())@") && log.contains("it is time"))
    }

    @Test("a step is approved with nobody driving the run; nothing is started by that")
    func approveAlone() async throws {
        let home = try Home()
        try home.workflow("asking", asking)
        let owner = try await start(home, "asking")
        owner.send(SIGKILL)
        _ = await owner.result()
        let answer = try await home.succeed("approve", "last", "ask")
        #expect(answer.output.contains("nobody drives the run now; go on with: runner resume"))
        #expect(try await home.steps() == ["ask": "succeeded", "after": "pending"])
        #expect(home.read("done") == nil)
        try await home.succeed("resume", "last")
        #expect(home.read("done")?.hasPrefix("\(NSUserName())@") == true)
    }

    @Test("a rejected step fails, with the reason")
    func reject() async throws {
        let home = try Home()
        try home.workflow("asking", asking)
        let owner = try await start(home, "asking")
        try await home.succeed("reject", "last", "ask", "--reason", "not today")
        let result = await owner.result()
        #expect(result.status == 1)
        #expect(result.output.contains("not today"))
        #expect(home.read("done") == nil)
    }

    @Test("what does not fit a run's state is refused, with the reason")
    func refused() async throws {
        let home = try Home()
        try home.workflow("asking", asking)
        let owner = try await start(home, "asking")
        let unknown = try await home.run("approve", "last", "nothing")
        #expect(unknown.status == 3)
        #expect(unknown.error.contains("its steps: ask, after"))
        #expect(try await home.run("approve", "last", "after").status == 3)
        #expect(try await home.run("resolve", "last", "ask", "--redo", "--reason", "x").status == 3)
        try await home.succeed("approve", "last", "ask")
        #expect(await owner.result().status == 0)
        let late = try await home.run("approve", "last", "ask")
        #expect(late.status == 3)
        #expect(late.error.contains("refused: "))
    }

    @Test("a signal's data reaches the step that waits for it")
    func signal() async throws {
        let home = try Home()
        try home.workflow(
            "signalled",
            """
            steps:
              wait: { uses: wait.signal, with: { signal: go } }
            outputs: { got: "${{ steps.wait.data.n }}" }
            """)
        let owner = try await start(home, "signalled")
        let bad = try await home.run("signal", "last", "go", "--data", "{")
        #expect(bad.status == 64)
        try await home.succeed("signal", "last", "go", "--data", #"{"n": 7}"#)
        #expect(await owner.result().status == 0)
        #expect(try await home.show()["outputs"] == ["got": 7])
    }

    @Test("a run is cancelled from another process, and its child with it")
    func cancel() async throws {
        let home = try Home()
        try home.workflow(
            "long",
            """
            steps:
              only: { uses: command.run, with: { script: "touch HOME/began; sleep 1000", idempotent: true } }
            """)
        let owner = try home.start("run", "long")
        try await home.file("began")
        try await home.succeed("cancel", "last", "--reason", "wrong cluster")
        #expect(await owner.result().status == 1)
        #expect(try await home.status() == "cancelled")
        #expect(try await home.run("cancel", "last").status == 3)
    }

    @Test("a run that nobody drives is cancelled as well")
    func cancelAlone() async throws {
        let home = try Home()
        try home.workflow("asking", asking)
        let owner = try await start(home, "asking")
        owner.send(SIGKILL)
        _ = await owner.result()
        try await home.succeed("cancel", "last")
        #expect(try await home.status() == "cancelled")
    }

    @Test("a failed step is passed over with a reason, and the run goes on without it")
    func skip() async throws {
        let home = try Home()
        try home.workflow(
            "flaky",
            """
            defaults: { retry: { attempts: 1 } }
            steps:
              one: { uses: command.run, with: { script: "false", idempotent: true } }
              two: { uses: command.run, needs: [one], with: { script: "echo two >> HOME/done", idempotent: true } }
            """)
        #expect(try await home.run("run", "flaky").status == 1)
        #expect(try await home.run("skip", "last", "one").status == 64)
        try await home.succeed("skip", "last", "one", "--reason", "done by hand")
        try await home.succeed("resume", "last")
        #expect(try await home.steps() == ["one": "skipped", "two": "succeeded"])
        #expect(home.read("done") == "two\n")
    }

    @Test("retry does a step and all that need it anew")
    func retry() async throws {
        let home = try Home()
        try home.workflow(
            "chain",
            """
            steps:
              one: { uses: command.run, with: { script: "echo one >> HOME/done", idempotent: true } }
              two: { uses: command.run, needs: [one], with: { script: "echo two >> HOME/done", idempotent: true } }
              three: { uses: command.run, needs: [two], with: { script: "echo three >> HOME/done", idempotent: true } }
            """)
        try await home.succeed("run", "chain")
        try await home.succeed("retry", "last", "--from", "two")
        #expect(home.read("done") == "one\ntwo\nthree\ntwo\nthree\n")
        let unknown = try await home.run("retry", "last", "--from", "four")
        #expect(unknown.status == 3)
        #expect(unknown.error.contains("no step 'four'"))
    }

    /// A step that cannot be asked what an interrupted attempt of it did.
    private let doubtful = """
        steps:
          doubt: { uses: command.run, with: { script: "echo did >> HOME/done; touch HOME/began; until test -e HOME/go; do sleep 0.05; done" } }
          after: { uses: command.run, needs: [doubt], with: { script: "echo 'after ${{ default(steps.doubt.stdout, '-') }}' >> HOME/done", idempotent: true } }
        """

    @Test(
        "an interrupted step that cannot be asked is left to the operator, and each answer does what it says",
        arguments: [
            (["--adopt", "--output", #"{"stdout": "seen"}"#], "did\nafter seen\n"),
            (["--redo"], "did\ndid\nafter \n"),
            (["--discard"], "did\ndid\nafter \n"),
        ])
    func resolve(choice: [String], expected: String) async throws {
        let home = try Home()
        try home.workflow("doubtful", doubtful)
        let owner = try home.start("run", "doubtful")
        try await home.file("began")
        owner.send(SIGKILL)
        _ = await owner.result()
        let stopped = try await home.run("resume", "last")
        #expect(stopped.status == 3)
        #expect(stopped.output.contains("--adopt|--redo|--discard --reason"))
        #expect(try await home.status() == "unknown")
        #expect(try await home.steps() == ["doubt": "unknown", "after": "pending"])
        let early = try await home.run("resume", "last")
        #expect(early.status == 3)

        try home.write("go", "")
        let words = choice.map { "'\($0)'" }.joined(separator: " ")
        let resolved = try await home.shell("\"$runner\" resolve last doubt \(words) --reason 'looked at it'")
        #expect(resolved.status == 0, "\(resolved.error)")
        try await home.succeed("resume", "last")
        #expect(home.read("done") == expected)
    }

    @Test("a run in a sub-run's step is listed apart, and shown by its own name")
    func subRun() async throws {
        let home = try Home()
        try home.workflow(
            "inner", "steps:\n  only: { uses: command.run, with: { script: \"echo inner\", idempotent: true } }")
        try home.workflow("outer", "steps:\n  child: { uses: workflow, with: { workflow: inner.yaml } }")
        let result = try await home.succeed("run", "outer")
        let run = try runName(result.output)
        #expect(result.output.contains("\(run).child only succeeded"))
        #expect(try await home.succeed("runs").lines.count == 1)
        #expect(try await home.succeed("runs", "--all").lines.count == 2)
        #expect(try await home.show("\(run).child")["parent"] == .string(run))
    }
}
