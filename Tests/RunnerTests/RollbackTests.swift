import Foundation
import TestSupport
import Testing
import Workflow

/// What `runner rollback` tells and asks before it undoes anything.
struct RollbackTests {
    /// `ground` is what tenants stand on; `tenant` makes one, `change` changes it.
    private func home() throws -> Home {
        let home = try Home()
        try home.workflow(
            "ground",
            """
            steps:
              one: { uses: command.run, with: { script: "true", idempotent: true, revert: "echo one >> HOME/undone" } }
              two: { uses: command.run, needs: [one], with: { script: "true", idempotent: true, revert: "echo two >> HOME/undone" } }
              three: { uses: command.run, needs: [two], with: { script: "true", idempotent: true } }
              four: { uses: command.run, needs: [two], with: { script: "true", idempotent: true }, revert: keep }
              inner: { uses: workflow, needs: [three], with: { workflow: inner.yaml } }
            """)
        try home.workflow(
            "inner",
            "steps: { deep: { uses: command.run, with: { script: 'true', idempotent: true, revert: 'echo deep >> HOME/undone' } } }"
        )
        try home.workflow(
            "tenant",
            """
            inputs: { name: string, state: { type: string, default: active } }
            concurrency: { group: "tenant/${{ inputs.name }}", on_conflict: queue }
            steps:
              row: { uses: tenant.record, with: { tenant: "${{ inputs.name }}", state: "${{ inputs.state }}" } }
            """)
        return home
    }

    @Test("--plan tells in order what would be undone, what stays and why, and changes nothing")
    func plan() async throws {
        let home = try home()
        try await home.succeed("run", "ground")
        let run = try #require(try await home.show()["run"]?.stringValue)
        let plan = try await home.succeed("rollback", "last", "--plan")
        #expect(
            plan.output == """
                rollback of run \(run) (ground, succeeded), in this order
                  ↶ inner  workflow
                      ↶ deep  command.run
                  ↶ three  command.run  undoes nothing: it has no 'revert'
                  ↶ two    command.run
                  ↶ one    command.run
                  = four   command.run  stays: the workflow says 'revert: keep'
                4 to undo, 1 to stay

                """)
        let json = try Value(json: try await home.succeed("rollback", run, "--plan", "--json").output)
        let names = json["steps"]?.arrayValue?.compactMap { $0["id"]?.stringValue }
        #expect(names == ["inner", "three", "two", "one", "four"])
        #expect(json["tenants"] == [])
        #expect(try await home.status() == "succeeded" && home.read("undone") == nil)
        try await home.succeed("rollback", "last")
        #expect(home.read("undone") == "deep\ntwo\none\n")
        #expect(try await home.run("rollback", "last", "--plan").status == 3)
    }

    @Test("what tenants stand on is undone only with --yes; what they do not stand on is, and so is a tenant itself")
    func ground() async throws {
        let home = try home()
        try await home.succeed("run", "tenant", "-i", "name=older")
        try await home.succeed("run", "ground")
        let ground = try #require(try await home.show()["run"]?.stringValue)
        // The registry's clock counts milliseconds, and both began after it.
        try await home.succeed("run", "tenant", "-i", "name=acme")
        try await home.succeed("run", "tenant", "-i", "name=beta")
        let refused = try await home.run("rollback", ground)
        #expect(refused.status == 3 && refused.output.isEmpty)
        #expect(refused.error.contains("2 tenants stand on what this run did: acme, beta; nothing was undone\n  fix: "))
        #expect(refused.error.contains("--yes"))
        #expect(home.read("undone") == nil)
        let plan = try await home.run("rollback", ground, "--plan")
        #expect(plan.status == 3 && plan.lines.last == "2 tenants stand on what this run did: acme, beta")

        // A tenant goes by the rollback of its own run, and nothing stands on it.
        try await home.succeed("rollback", "last")
        #expect(try await home.run("rollback", ground).error.contains("1 tenant stands on what this run did: acme;"))
        try await home.succeed("rollback", ground, "--yes")
        #expect(home.read("undone") == "deep\ntwo\none\n")
    }

    @Test("a tenant that a later run has changed is not taken away by the rollback of the run that made it")
    func changedSince() async throws {
        let home = try home()
        let made = try runName(try await home.succeed("run", "tenant", "-i", "name=acme").output)
        try await home.succeed("run", "tenant", "-i", "name=acme", "-i", "state=suspended")
        #expect(try await home.run("rollback", made).error.contains("1 tenant stands on what this run did: acme;"))
        // The later one goes by itself, and then the first.
        try await home.succeed("rollback", "last")
        try await home.succeed("rollback", made)
        #expect(try await home.succeed("tenant", "list", "--json", "--all").lines.isEmpty)
    }

    @Test("on a terminal it tells and asks; only yes is taken as a yes")
    func terminal() async throws {
        let home = try home()
        try await home.succeed("run", "ground")
        func answer(_ answer: String, _ options: String = "") async throws -> Program.Result {
            try await home.shell(
                "printf '\(answer)\\n' | script -qefc \"$runner rollback last \(options)\" /dev/null",
                environment: ["TERM": "xterm"])
        }
        let declined = try await answer("y")
        #expect(declined.status == 3)
        #expect(declined.output.contains("4 to undo, 1 to stay") && declined.output.contains("Undo this?"))
        #expect(declined.output.contains("not confirmed: nothing was undone"))
        #expect(try await home.status() == "succeeded" && home.read("undone") == nil)
        let done = try await answer("yes")
        #expect(done.status == 0, "\(done.output)")
        #expect(home.read("undone") == "deep\ntwo\none\n")
    }

    @Test("a rollback by the workflow's own rule asks nobody")
    func byRule() async throws {
        let home = try home()
        try home.workflow(
            "failing",
            """
            on_failure: rollback
            steps:
              one: { uses: command.run, with: { script: "true", idempotent: true, revert: "echo one >> HOME/undone" } }
              slow: { uses: command.run, needs: [one], with: { script: "while ! test -e HOME/go; do sleep 0.05; done; false", idempotent: true }, retry: { attempts: 1 } }
            """)
        let failing = try home.start("run", "failing")
        try await until("it is under way") { try await home.run("show", "last").output.contains("slow  running") }
        let tenant = try home.start("run", "tenant", "-i", "name=acme")
        try await until("a tenant stands on it") { try await home.succeed("tenant", "list").output.contains("acme") }
        try home.write("go", "")
        #expect(await failing.result().status == 1)
        #expect(await tenant.result().status == 0)
        #expect(home.read("undone") == "one\n")
    }
}
