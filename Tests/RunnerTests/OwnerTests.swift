import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// Several processes on one database, and processes that end at bad moments.
struct OwnerTests {
    /// Says that it has begun, and goes on when the file `go` is there.
    private let waiting = """
        steps:
          before: { uses: command.run, with: { script: "echo before >> HOME/done", idempotent: true } }
          wait:
            uses: command.run
            needs: [before]
            with: { script: "touch HOME/began; until test -e HOME/go; do sleep 0.05; done; echo wait >> HOME/done", idempotent: true }
          after: { uses: command.run, needs: [wait], with: { script: "echo after >> HOME/done", idempotent: true } }
        """
    private let quick = """
        steps:
          only: { uses: command.run, with: { script: "echo only >> HOME/done", idempotent: true } }
        """

    @Test("a second process hands its run to the owner and follows it; one process drives both")
    func follower() async throws {
        let home = try Home()
        try home.workflow("waiting", waiting)
        try home.workflow("quick", quick)
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        let second = try await home.run("run", "quick")
        #expect(second.status == 0, "\(second.error)")
        #expect(second.error.contains("process \(owner.pid) drives the runs"))
        #expect(second.output.contains("only succeeded"))
        #expect(try await home.status() == "succeeded")
        try home.write("go", "")
        #expect(await owner.result().status == 0)
        #expect(home.read("done") == "before\nonly\nwait\nafter\n")
        let runs = try await home.succeed("runs", "--json").lines.map { try Value(json: $0)["workflow"] }
        #expect(runs == ["quick", "waiting"])
    }

    @Test("a run whose owner was killed is interrupted, and resume does no finished step again")
    func killed() async throws {
        let home = try Home()
        try home.workflow("waiting", waiting)
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        #expect(try await home.status() == "running")
        owner.send(SIGKILL)
        #expect(await owner.result().status == 128 + SIGKILL)
        #expect(try await home.status() == "interrupted")
        #expect(try await home.succeed("show", "last").output.contains("nobody drives it; go on with: runner resume"))
        #expect(try await home.succeed("runs", "--status", "interrupted").lines.count == 1)
        try home.write("go", "")
        try await home.succeed("resume", "last")
        #expect(home.read("done") == "before\nwait\nafter\n")
        #expect(try await home.show()["steps"]?[1]?["attempts"] == 2)
        try await home.succeed("audit", "verify")
    }

    @Test("an interrupted run keeps its concurrency group: a second one is refused, or says what it waits for")
    func group() async throws {
        let home = try Home()
        try home.workflow("first", "concurrency: { group: both, on_conflict: reject }\n" + waiting)
        try home.workflow("second", "concurrency: { group: both, on_conflict: reject }\n" + quick)
        try home.workflow("third", "concurrency: { group: both, on_conflict: queue }\n" + quick)
        let owner = try home.start("run", "first")
        try await home.file("began")
        owner.send(SIGKILL)
        let run = try runName(await owner.result().output)

        let refused = try await home.run("run", "second")
        #expect(refused.status == 3)
        #expect(refused.error.contains("run \(run) of group 'both' was interrupted"))
        for verb in ["resume", "cancel", "rollback"] { #expect(refused.error.contains("'runner \(verb) \(run)'")) }
        #expect(refused.error.contains("nothing was started"))
        #expect(home.read("done") == "before\n")

        let queued = try home.start("run", "third")
        try await until("it says what it waits for") {
            queued.error.contains("waits for run \(run) of its group 'both'")
        }
        let cancelled = try await home.run("cancel", run)
        #expect(cancelled.status == 0, "\(cancelled.error)")
        #expect(await queued.result().status == 0)
        #expect(home.read("done") == "before\nonly\n")
        try await home.succeed("run", "second")
        try await home.succeed("audit", "verify")
    }

    @Test("a process that follows a run takes it over where the owner dies")
    func takeOver() async throws {
        let home = try Home()
        try home.workflow("waiting", waiting)
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        let follower = try home.start("resume", "last")
        try await until("its request is answered") { try await answered(home) == 1 }
        owner.send(SIGKILL)
        _ = await owner.result()
        try await until("the follower has taken over") { follower.output.contains("wait attempt 2 started") }
        try home.write("go", "")
        let result = await follower.result()
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.error.contains("going on with it here"))
        #expect(home.read("done") == "before\nwait\nafter\n")
    }

    @Test("a follower does not start a run again that failed at its owner's end")
    func noSecondTry() async throws {
        let home = try Home()
        try home.workflow(
            "failing",
            """
            defaults: { retry: { attempts: 1 } }
            steps:
              wait:
                uses: command.run
                with: { script: "echo try >> HOME/done; touch HOME/began; until test -e HOME/go; do sleep 0.05; done; false", idempotent: true }
            """)
        let owner = try home.start("run", "failing")
        try await home.file("began")
        let followers = try (0..<3).map { _ in try home.start("resume", "last") }
        try await until("their requests are answered") { try await answered(home) == 3 }
        try home.write("go", "")
        #expect(await owner.result().status == 1)
        for follower in followers { #expect(await follower.result().status == 1) }
        #expect(home.read("done") == "try\n")
    }

    /// How many requests of other processes the owner has answered.
    private func answered(_ home: Home) async throws -> Int? {
        let count = try await home.shell("sqlite3 \"$home/home/runner.db\" 'SELECT count(answer) FROM requests'").output
        return Int(count.trimmingCharacters(in: .newlines))
    }

    @Test("children die with a killed runner")
    func children() async throws {
        let home = try Home()
        try home.workflow(
            "child",
            """
            steps:
              only: { uses: command.run, with: { script: "echo $$ > HOME/pid; exec sleep 1000", idempotent: true } }
            """)
        let owner = try home.start("run", "child")
        try await until("the child runs") { home.read("pid")?.hasSuffix("\n") == true }
        let child = try #require(pid_t((home.read("pid") ?? "").trimmingCharacters(in: .newlines)))
        #expect(kill(child, 0) == 0)
        owner.send(SIGKILL)
        _ = await owner.result()
        try await until("the child is gone") { kill(child, 0) != 0 }
    }

    @Test(
        "a signal stops a run in good order: its status says by which, and resume goes on",
        arguments: [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")])
    func stopped(signal: Int32, name: String) async throws {
        let home = try Home()
        try home.workflow("waiting", waiting)
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        owner.send(signal)
        let result = await owner.result()
        let run = try runName(result.output)
        #expect(result.status == 128 + signal && !result.isKilled)
        #expect(try home.kept == ["key", "runner.db"])
        #expect(result.error.contains("stopped by \(name)") && result.error.contains("runner resume \(run)"))
        #expect(try await home.status() == "interrupted")
        try home.write("go", "")
        try await home.succeed("resume", run)
        #expect(home.read("done") == "before\nwait\nafter\n")
    }

    @Test(
        "a signal stops a command that only looks, and one that follows another process",
        arguments: [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")])
    func stoppedBeside(signal: Int32, name: String) async throws {
        let home = try Home()
        try home.workflow(
            "waiting",
            "steps: { wait: { uses: command.run, with: { script: 'echo x; touch HOME/began; until test -e HOME/go; do sleep 0.05; done', idempotent: true } } }"
        )
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        let logs = try home.start("logs", "last", "-f")
        try await until("it follows the output") { logs.output.contains("x") }
        let follower = try home.start("resume", "last")
        try await until("its request is answered") { try await answered(home) == 1 }
        for process in [logs, follower] {
            process.send(signal)
            let result = await process.result()
            #expect(result.status == 128 + signal && !result.isKilled)
            #expect(result.error.contains("stopped by \(name)"))
        }
        try home.write("go", "")
        #expect(await owner.result().status == 0)
        #expect(try home.kept == ["key", "runner.db"])
    }

    @Test("a signal that the program was told to ignore, as nohup does, is ignored")
    func ignored() async throws {
        let home = try Home()
        try home.workflow("waiting", waiting)
        let owner = try home.startShell("trap '' HUP; exec \"$runner\" run waiting")
        try await home.file("began")
        owner.send(SIGHUP)
        #expect(try await home.status() == "running")
        try home.write("go", "")
        #expect(await owner.result().status == 0)
    }

    @Test("the second signal ends the program at once")
    func twice() async throws {
        let home = try Home()
        try home.workflow(
            "stubborn",
            """
            steps:
              only: { uses: command.run, with: { script: "trap '' TERM INT; touch HOME/began; while :; do sleep 0.1; done", idempotent: true } }
            """)
        let owner = try home.start("run", "stubborn")
        try await home.file("began")
        owner.send(SIGINT)
        try await until("it has ended") {
            owner.send(SIGINT)
            return !ProcessWatch.isAlive(owner.pid)
        }
        #expect(await owner.result().status == 130)
    }

    @Test("an owner that stays for others' runs says so, and leaves those that only wait")
    func staysForOthers() async throws {
        let home = try Home()
        try home.workflow("waiting", waiting)
        try home.workflow("asking", "steps:\n  ask: { uses: approval, with: { message: May I } }")
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        let other = try home.start("run", "asking")
        try await until("it waits") { other.output.contains("ask waits for an approval") }
        try home.write("go", "")
        let result = await owner.result()
        #expect(result.status == 0, "\(result.error)")
        // The other process goes on with its own run.
        try await until("the other has taken over") {
            try await home.run("approve", "last", "ask").status == 0
        }
        #expect(await other.result().status == 0)
    }
}
