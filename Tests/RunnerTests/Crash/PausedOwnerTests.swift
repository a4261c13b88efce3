import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// An owner that stands still for longer than its lease, and then wakes up.
struct PausedOwnerTests {
    /// Its middle step says that it has begun, and goes on when the file `go` is there.
    private let slow = """
        steps:
          before: { uses: command.run, with: { script: "echo before >> HOME/done", idempotent: true } }
          slow:
            uses: command.run
            needs: [before]
            with: { script: "echo slow >> HOME/done; touch HOME/began; until test -e HOME/go; do sleep 0.05; done", idempotent: true }
          after: { uses: command.run, needs: [slow], with: { script: "echo after >> HOME/done", idempotent: true } }
        """

    @Test("an owner that wakes after another one took over stops, and writes nothing", arguments: [false, true])
    func overtaken(whole: Bool) async throws {
        let home = try Home()
        try home.workflow("slow", slow)
        let watching = Fault(kind: .before, number: 0).environment(in: home, log: home.path + "/calls")
        let paused = try home.start("run", "slow", environment: watching)
        try await home.file("began")
        let stopped = [paused.pid] + (whole ? ProcessWatch.descendants(of: paused.pid) : [])
        for process in stopped { kill(process, SIGSTOP) }

        let next = try home.start("resume", "last")
        // When the lease has run out.
        try await until("the other takes over") { next.output.contains("slow attempt 2 started") }
        let calls = home.read("calls")
        for process in stopped.reversed() { kill(process, SIGCONT) }
        let woken = await paused.result()
        #expect(woken.status == 75, "\(woken.text)")
        #expect(woken.error.contains("another runner has taken over this journal"), "\(woken.error)")
        #expect(!woken.output.contains("slow succeeded"))
        #expect(home.read("calls") == calls, "it changes files after the other took over")

        try home.write("go", "")
        let result = await next.result()
        #expect(result.status == 0, "\(result.text)")
        // Once more than it is finished, as it was in flight; all else once.
        #expect(home.read("done") == "before\nslow\nslow\nafter\n")
        let steps = try await home.show()["steps"]?.arrayValue ?? []
        #expect(steps.map { $0["attempts"] } == [1, 2, 1])
        try await home.succeed("audit", "verify")
    }

    @Test("while an owner stands still in the middle of a commit others are told so; awake, it goes on")
    func stoppedInCommit() async throws {
        let home = try Home()
        try home.workflow("slow", slow)
        try home.write("go", "")
        // The database is made by then, and the run begins.
        let paused = try home.start("run", "slow", environment: Fault(kind: .stop, number: 75).environment(in: home))
        try await until("it stands still") { ProcessWatch.isStopped(paused.pid) }
        let refused = try await home.run("run", "slow")
        #expect(refused.status == 75, "\(refused.text)")
        #expect(refused.error.contains("is locked by another process for too long"), "\(refused.error)")
        #expect(refused.error.contains("fix: "))
        paused.send(SIGCONT)
        let woken = await paused.result()
        #expect(woken.status == 0, "\(woken.text)")
        #expect(home.read("done") == "before\nslow\nafter\n")
        try await home.succeed("audit", "verify")
    }
}
