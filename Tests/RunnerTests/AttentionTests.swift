import Glibc
import TestSupport
import Testing
import Workflow

/// `runner attention`: who is told of what while nobody looks.
struct AttentionTests {
    private func told(_ home: Home, _ arguments: String...) async throws -> [String: String] {
        let result = try await home.shell("exec \"$runner\" attention --json \(arguments.joined(separator: " "))")
        let runs = try result.lines.map { try Value(json: $0) }
        #expect(result.status == (runs.isEmpty ? 0 : 3), "\(result.text)")
        return Dictionary(runs.map { ($0["workflow"]?.stringValue ?? "", $0["status"]?.stringValue ?? "") }) { $1 }
    }

    @Test("what failed, was undone by rule, waits, or was interrupted is told; what is well or was asked for is not")
    func kinds() async throws {
        let home = try Home()
        let once = "defaults: { retry: { attempts: 1 } }\n"
        let bad = "steps: { bad: { uses: command.run, with: { script: 'exit 3', idempotent: true } } }"
        let good = "steps: { good: { uses: command.run, with: { script: 'true', idempotent: true, revert: 'true' } } }"
        try home.workflow("good", good)
        try home.workflow("undone", good)
        try home.workflow("failed", once + bad)
        try home.workflow("ruled", once + "on_failure: rollback\n" + bad)
        try home.workflow("inner", "steps: { ask: { uses: approval, with: { message: Sure? } } }")
        try home.workflow("outer", "steps: { inner: { uses: workflow, with: { workflow: inner.yaml } } }")

        // Whoever looks in the wrong place must not hear that all is well.
        let nowhere = try await home.run("attention")
        #expect(nowhere.status == 66 && nowhere.error.contains("there is no database"))
        try await home.succeed("run", "good")
        let none = try await home.run("attention")
        #expect(none.status == 0 && none.text.isEmpty)
        try await home.succeed("run", "undone")
        try await home.succeed("rollback", "last")
        #expect(try await told(home) == [:])
        #expect(try await home.run("run", "failed").status == 1)
        #expect(try await home.run("run", "ruled").status == 1)
        #expect(try await told(home) == ["failed": "failed", "ruled": "rolledBack"])
        let text = try await home.run("attention")
        #expect(text.output.contains("bad: command: ended with status 3"))
        #expect(text.output.contains("fix: ") && text.output.contains("runner resume "))

        let waiting = try home.start("run", "outer")
        try await until("it waits") { try await home.run("attention", "--json").output.contains("\"inner\"") }
        // The sub-run is what can be approved.
        #expect(try await home.run("attention").output.contains(".inner ask, or: runner reject"))
        #expect(try await told(home, "--since", "0s") == ["inner": "running"])
        waiting.send(SIGKILL)
        _ = await waiting.result()
        #expect(try await told(home, "--since", "0s") == ["outer": "interrupted"])
        #expect(try await told(home, "--since", "1h").count == 3)
        #expect(try await home.run("attention", "--since", "soon").status == 64)

        // What failed and is wanted no more is let go of.
        let failed = try await home.succeed("runs", "--workflow", "failed", "--json").output
        try await home.succeed("cancel", try #require(try Value(json: failed)["run"]?.stringValue))
        #expect(try await told(home) == ["ruled": "rolledBack", "outer": "interrupted"])
    }
}
