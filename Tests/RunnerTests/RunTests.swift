import Foundation
import TestSupport
import Testing
import Workflow

/// `run`, `resume`, `runs`, `show`, `logs` on real commands.
struct RunTests {
    private let greet = """
        version: 3
        inputs:
          name: { type: string, default: world }
        steps:
          first: { uses: command.run, with: { script: "echo hello ${{ inputs.name }}", idempotent: true } }
          second: { uses: command.run, needs: [first], with: { script: "echo second; echo more >&2", idempotent: true } }
        outputs: { said: "${{ steps.first.stdout }}" }
        """

    @Test("a run prints its name first, a plain line for each event, and its outputs last")
    func plain() async throws {
        let home = try Home()
        try home.workflow("greet", greet)
        let result = try await home.succeed("run", "greet", "-i", "name=you")
        #expect(result.error == "")
        #expect(!result.output.contains("\u{1B}"))
        let run = try runName(result.output)
        let lines = result.lines.map { line in
            line.replacing(#/^\d\d:\d\d:\d\d /#, with: "").replacing(#/@.*/#, with: "")
        }
        #expect(
            lines == [
                "run \(run)", "created by \(NSUserName())", "admitted", "first attempt 1 started", "first succeeded",
                "second attempt 1 started", "second succeeded", "run succeeded", "outputs", "  said: hello you",
                "succeeded",
            ])
    }

    @Test("with --json a run prints an object for each event, and nothing else")
    func json() async throws {
        let home = try Home()
        try home.workflow("greet", greet)
        let events = try await home.succeed("run", "greet", "--json").lines.map { try Value(json: $0) }
        #expect(
            events.compactMap { $0["event"]?.stringValue } == [
                "created", "admitted", "start", "prior", "ok", "start", "prior", "ok", "settle",
            ])
        #expect(Set(events.map { $0["run"] }).count == 1)
        #expect(events.last?["status"] == "succeeded")
        #expect(events[4]["step"] == "first")
    }

    @Test("show and runs give the documented JSON")
    func shapes() async throws {
        let home = try Home()
        try home.workflow("greet", greet)
        let old = try runName(try await home.succeed("run", "greet").output)
        let new = try runName(try await home.succeed("run", "greet", "-i", "name=you").output)

        let runs = try await home.succeed("runs", "--json").lines.map { try Value(json: $0) }
        #expect(runs.map { $0["run"]?.stringValue } == [new, old])
        #expect(runs.allSatisfy { $0["workflow"] == "greet" && $0["status"] == "succeeded" })
        #expect(try await home.succeed("runs", "--limit", "1", "--status", "succeeded").lines.count == 1)
        #expect(try await home.succeed("runs", "--status", "failed").output == "")
        #expect(try await home.succeed("runs", "--workflow", "other").output == "")

        let show = try await home.show(new)
        #expect(show["run"] == .string(new))
        #expect(show["workflow"] == "greet")
        #expect(show["version"] == 3)
        #expect(show["status"] == "succeeded")
        #expect(show["inputs"] == ["name": "you"])
        #expect(show["outputs"] == ["said": "hello you"])
        #expect(show["steps"]?.arrayValue?.map { $0["id"] } == ["first", "second"])
        #expect(show["steps"]?[0]?["attempts"] == 1)
        #expect(show["steps"]?[0]?["status"] == "succeeded")
        #expect(try await home.show("last")["run"] == .string(new))
    }

    @Test("a run is found by the beginning of its name, where that is one run's alone")
    func names() async throws {
        let home = try Home()
        try home.workflow("greet", greet)
        let first = try runName(try await home.succeed("run", "greet").output)
        #expect(try await home.show(String(first.dropLast()))["run"] == .string(first))
        let second = try runName(try await home.succeed("run", "greet").output)
        let several = try await home.run("show", String(first.commonPrefix(with: second)))
        #expect(several.status == 64)
        #expect(several.error.contains(first) && several.error.contains(second))
        let none = try await home.run("show", "zzzz")
        #expect(none.status == 66)
        #expect(none.error.contains("there is no run 'zzzz'"))
    }

    @Test("the output of steps is kept, told apart by stream, and given for one step alone")
    func logs() async throws {
        let home = try Home()
        try home.workflow("greet", greet)
        try await home.succeed("run", "greet")
        func logs(_ arguments: String...) async throws -> [String] {
            let result = try await home.shell("\"$runner\" logs " + arguments.joined(separator: " "))
            #expect(result.status == 0, "\(result.error)")
            return result.lines.map { $0.replacing(#/^\d\d:\d\d:\d\d /#, with: "") }.sorted()
        }
        #expect(try await logs("last") == ["first/1   hello world", "second/1   second", "second/1 ! more"])
        #expect(try await logs("last", "first") == ["  hello world"])
        let unknown = try await home.run("logs", "last", "third")
        #expect(unknown.status == 66)
        #expect(unknown.error.contains("its steps: first, second"))
    }

    @Test("a failed run says why and what to do, and resume does no finished step again")
    func failure() async throws {
        let home = try Home()
        try home.workflow(
            "flaky",
            """
            defaults: { retry: { attempts: 1 } }
            steps:
              one: { uses: command.run, with: { script: "echo one >> HOME/done", idempotent: true } }
              two: { uses: command.run, needs: [one], with: { script: "test -e HOME/mended || { echo broken >&2; exit 3; }", idempotent: true } }
              three: { uses: command.run, needs: [two], with: { script: "echo three >> HOME/done", idempotent: true } }
            """)
        let failed = try await home.run("run", "flaky")
        let run = try runName(failed.output)
        #expect(failed.status == 1)
        #expect(failed.output.contains("two: command: ended with status 3: broken [transient]\n  fix: "))
        #expect(failed.output.contains("runner logs \(run) two"))
        #expect(failed.output.contains("runner resume \(run)"))
        #expect(try await home.steps() == ["one": "succeeded", "two": "failed", "three": "pending"])
        #expect(try await home.show()["steps"]?[1]?["error"]?["kind"] == "transient")

        try home.write("mended", "")
        try await home.succeed("resume", run)
        #expect(home.read("done") == "one\nthree\n")
        #expect(try await home.steps() == ["one": "succeeded", "two": "succeeded", "three": "succeeded"])
        // There is nothing to resume any more.
        let again = try await home.run("resume", run)
        #expect([0, 3].contains(again.status))
        #expect(home.read("done") == "one\nthree\n")
    }

    @Test("a sub-run's failure is told by its step, before what it means for its run; its log is named")
    func subRun() async throws {
        let home = try Home()
        try home.workflow("outer", "steps: { inner: { uses: workflow, with: { workflow: inner.yaml } } }")
        try home.workflow(
            "inner",
            """
            defaults: { retry: { attempts: 1 } }
            steps: { bad: { uses: command.run, with: { script: "echo oops; exit 3", idempotent: true } } }
            """)
        let failed = try await home.run("run", "outer")
        let run = try runName(failed.output)
        #expect(failed.status == 1)
        let below = try #require(failed.lines.firstIndex { $0.hasSuffix("\(run).inner run failed") })
        let above = try #require(failed.lines.firstIndex { $0.contains(" inner failed: sub-run \(run).inner") })
        #expect(below < above)
        #expect(failed.lines[above].contains("ended as failed: bad: ended with status 3"))
        let logs = try await home.run("logs", run)
        #expect(logs.output.isEmpty && logs.error.contains("runner logs \(run).inner"))
        #expect(try await home.succeed("logs", "\(run).inner").output.contains("oops"))
    }

    @Test("a report says what to do next, also where nothing has failed any more, and where there was nothing to do")
    func reports() async throws {
        let home = try Home()
        try home.workflow(
            "listed",
            """
            defaults: { retry: { attempts: 1 } }
            inputs: { names: { type: array, default: [] }, notes: { type: array, default: [one note, another note] } }
            steps:
              each: { uses: sleep, for_each: "${{ inputs.names }}", with: { duration: 1s } }
              bad: { uses: command.run, needs: [each], with: { script: "exit 3", idempotent: true } }
            outputs: { notes: "${{ inputs.notes }}" }
            """)
        let run = try runName(try await home.run("run", "listed").output)
        let failed = try await home.succeed("show", run)
        #expect(failed.output.contains("  - each  skipped\n"))
        #expect(failed.lines.last?.hasPrefix("failed; mend the cause, then: runner resume \(run) ") == true)
        #expect(try await home.succeed("graph", run).output.contains("each<br/>sleep<br/>skipped"))
        try await home.succeed("skip", run, "bad", "--reason", "no need")
        let skipped = try await home.succeed("show", run)
        #expect(skipped.lines.last == "failed; go on with: runner resume \(run) (or: runner rollback \(run))")
        try await home.succeed("resume", run)
        #expect(try await home.succeed("show", run).output.contains("  notes:\n    - one note\n    - another note\n"))
    }

    @Test("a rollback undoes in reverse order, and says what stays behind")
    func rollback() async throws {
        let home = try Home()
        try home.workflow(
            "built",
            """
            steps:
              one: { uses: command.run, with: { script: "true", idempotent: true, revert: "echo one >> HOME/undone" } }
              two: { uses: command.run, needs: [one], with: { script: "true", idempotent: true, revert: "echo two >> HOME/undone" } }
              three: { uses: command.run, needs: [two], with: { script: "true", idempotent: true } }
            """)
        try await home.succeed("run", "built")
        let back = try await home.succeed("rollback", "last", "--reason", "a test")
        #expect(home.read("undone") == "two\none\n")
        #expect(back.output.contains("what the command of step 'three' did"))
        let show = try await home.show()
        #expect(show["status"] == "rolledBack")
        #expect(show["steps"]?[2]?["left"]?.arrayValue?.count == 1)
        #expect(try await home.succeed("show", "last").output.contains("left behind\n  three: "))
        #expect(try await home.run("rollback", "last").status == 3)
    }

    @Test("a step given in a for_each is shown by item")
    func items() async throws {
        let home = try Home()
        try home.workflow(
            "each",
            """
            inputs: { names: { type: array, items: string } }
            steps:
              greet:
                uses: command.run
                for_each: "${{ inputs.names }}"
                with: { script: "echo ${{ item }}", idempotent: true }
            """)
        try await home.succeed("run", "each", "-i", "names=a,b")
        #expect(try await home.steps() == ["greet[0]": "succeeded", "greet[1]": "succeeded"])
    }
}
