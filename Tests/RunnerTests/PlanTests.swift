import Foundation
import TestSupport
import Testing
import Workflow

/// `plan`, and runs of saved plans.
struct PlanTests {
    private let managed = """
        steps:
          there: { uses: command.run, with: { script: "touch HOME/there", check: "test -e HOME/there" } }
          wanted: { uses: command.run, needs: [there], with: { script: "touch HOME/wanted", check: "test -e HOME/wanted", revert: "rm HOME/wanted" } }
          final: { uses: command.run, needs: [wanted], revert: never, with: { script: "true", check: "test -e HOME/final" } }
          open: { uses: command.run, needs: [final], with: { script: "echo ${{ steps.wanted.stdout }}", idempotent: true } }
          maybe: { uses: command.run, when: "false", with: { script: "true", idempotent: true } }
          rest: { uses: sleep, with: { duration: 1ms } }
        """

    @Test("a plan tells what each step would do, marks points of no return, and changes nothing")
    func text() async throws {
        let home = try Home()
        try home.workflow("managed", managed)
        try home.write("there", "")
        let result = try await home.succeed("plan", "managed")
        #expect(
            result.output == """
                plan of managed, version 1
                  = there  command.run
                  + wanted  command.run
                  + final  command.run  (point of no return)
                  ? open  command.run  known only after step 'wanted' is applied
                  - maybe  command.run  its 'when' is false
                  · rest  sleep
                2 to create, 0 to change, 1 as wanted, 1 only read or wait, 1 unknown until apply, 1 skipped

                """)
        #expect(home.read("wanted") == nil)
        #expect(try await home.succeed("runs").output == "")
    }

    @Test("--exit-code tells whether something would change")
    func exitCode() async throws {
        let home = try Home()
        try home.workflow(
            "one", "steps:\n  one: { uses: command.run, with: { script: \"touch HOME/x\", check: \"test -e HOME/x\" } }"
        )
        #expect(try await home.run("plan", "one", "--exit-code").status == 2)
        #expect(try await home.run("plan", "one").status == 0)
        try await home.succeed("run", "one")
        let quiet = try await home.run("plan", "one", "--exit-code")
        #expect(quiet.status == 0)
        #expect(quiet.output.contains("nothing would change"))
        let json = try Value(json: try await home.succeed("plan", "one", "--json").output)
        #expect(json["steps"]?[0]?["action"] == "none")
        #expect(json["workflow"] == "one")
    }

    @Test("a step that cannot be looked at is shown, with why, and the plan ends with 1")
    func failing() async throws {
        let home = try Home()
        try home.workflow(
            "bad",
            "steps:\n  one: { uses: command.run, with: { script: \"true\", check: \"echo no luck >&2; exit 7\" } }")
        let result = try await home.run("plan", "bad")
        #expect(result.status == 1)
        #expect(
            result.output.contains("✗ one  command.run")
                && result.output.contains("check: ended with status 7: no luck"))
    }

    @Test("a saved plan is done as it is, or refused where the world has changed since")
    func saved() async throws {
        let home = try Home()
        try home.workflow(
            "one",
            """
            inputs: { word: { type: string } }
            secrets: [token]
            steps:
              one:
                uses: command.run
                with:
                  script: "echo ${{ inputs.word }} > HOME/x"
                  check: "test -e HOME/x"
                  environment: { TOKEN: "${{ secrets.token }}" }
            """)
        let plan = "\(home.path)/plan.json"
        let token = ["TOKEN": "top-secret-token"]
        try await home.succeed(
            "plan", "one", "-i", "word=planned", "--secret", "token=env:TOKEN", "--out", plan, environment: token)
        let text = home.read("plan.json") ?? ""
        #expect(!text.contains("top-secret-token"))
        #expect(text.contains("env:TOKEN"))
        #expect(try FileManager.default.attributesOfItem(atPath: plan)[.posixPermissions] as? Int == 0o600)

        // The file may change meanwhile: the plan holds the workflow as it was.
        try home.workflow("one", "steps:\n  other: { uses: command.run, with: { script: \"false\" } }")
        try home.write("x", "by hand")
        let refused = try await home.run("run", "--plan", plan, environment: token)
        #expect(refused.status == 3)
        #expect(refused.error.contains("one: planned create, now none"))
        #expect(try await home.succeed("runs").output == "")

        try FileManager.default.removeItem(atPath: "\(home.path)/x")
        let done = try await home.run("run", "--plan", plan, environment: token)
        #expect(done.status == 0, "\(done.error)")
        #expect(home.read("x") == "planned\n")

        #expect(try await home.run("run", "--plan", "\(home.path)/none.json").status == 66)
        try home.write("broken.json", "{}")
        #expect(try await home.run("run", "--plan", "\(home.path)/broken.json").status == 65)
    }

    @Test("a plan reads secret inputs, never shows or saves them, and a run of it takes them from their source")
    func secretInput() async throws {
        let home = try Home()
        try home.workflow(
            "quiet",
            """
            inputs: { password: { type: string, secret: true } }
            steps:
              one:
                uses: command.run
                with:
                  script: "test ${#PASSWORD} = 13 && touch HOME/right"
                  check: "echo $PASSWORD; test -e HOME/right"
                  environment: { PASSWORD: "${{ inputs.password }}" }
            """)
        let plan = try await home.run("plan", "quiet", "-i", "password=correct-horse", "--json")
        #expect(plan.status == 0, "\(plan.output)\(plan.error)")
        #expect(!plan.output.contains("correct-horse"))
        #expect(plan.output.contains(#""action":"create""#))

        let file = "\(home.path)/plan.json"
        let unsaved = try await home.run("plan", "quiet", "-i", "password=correct-horse", "--out", file)
        #expect(unsaved.status == 65)
        #expect(unsaved.error.contains("--secret password="))
        #expect(home.read("plan.json") == nil)

        let word = ["WORD": "correct-horse"]
        try await home.succeed("plan", "quiet", "--secret", "password=env:WORD", "--out", file, environment: word)
        #expect(home.read("plan.json")?.contains("correct-horse") == false)
        try await home.succeed("run", "--plan", file, environment: word)
        #expect(home.read("right") == "")
        #expect(try await home.show()["inputs"] == [:])
    }
}
