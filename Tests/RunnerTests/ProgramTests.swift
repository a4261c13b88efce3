import Foundation
import TestSupport
import Testing
import Workflow

/// The commands that need no run, and how texts look in pipes and on terminals.
struct ProgramTests {
    private let pair = """
        steps:
          one: { uses: command.run, with: { script: "seq 1 3000", idempotent: true } }
          two: { uses: command.run, needs: [one], with: { script: "true", idempotent: true } }
        """

    @Test("validate tells every fault with its place and what to do")
    func validate() async throws {
        let home = try Home()
        try home.workflow("good", pair)
        let good = try await home.succeed("validate", "good")
        #expect(good.output == "good: 2 steps, no faults\n")
        try home.workflow("bad", "steps:\n  one: { uses: command.rum, neds: [two] }\n")
        let bad = try await home.run("validate", "good", "\(home.path)/workflows/bad.yaml")
        #expect(bad.status == 65)
        #expect(bad.output == "good: 2 steps, no faults\n")
        let place = "\(home.path)/workflows/bad.yaml:3:"
        #expect(bad.error.contains(place) && bad.error.contains("[unknownStepKind]\n  fix: write 'command.run'"))
        #expect(bad.error.contains("[unknownKey]\n  fix: write 'needs'"))
        let run = try await home.run("run", "bad")
        #expect(run.status == 65)
        #expect(run.error.contains("[unknownKey]"))
        let json = try await home.run("validate", "\(home.path)/workflows/bad.yaml", "--json")
        #expect(json.status == 65)
        let faults = try json.lines.map { try Value(json: $0) }
        #expect(faults.compactMap { $0["code"]?.stringValue }.sorted() == ["unknownKey", "unknownStepKind"])
        #expect(faults.allSatisfy { $0["line"] == 3 })
    }

    @Test("a cycle is told with its path")
    func cycle() async throws {
        let home = try Home()
        try home.workflow(
            "circle",
            """
            steps:
              one: { uses: sleep, needs: [two], with: { duration: 1s } }
              two: { uses: sleep, needs: [one], with: { duration: 1s } }
            """)
        let result = try await home.run("validate", "circle")
        #expect(result.status == 65)
        #expect(result.error.contains("[cycle]") && result.error.contains("one") && result.error.contains("two"))
    }

    @Test("inputs lists what a workflow has to be given, and no secret's default")
    func inputs() async throws {
        let home = try Home()
        try home.workflow(
            "asks",
            """
            description: Asks much.
            inputs:
              size: { type: integer, minimum: 1, description: How large }
              mode: { type: string, default: fast }
              pin: { type: string, secret: true, default: hush }
            secrets: { token: { description: Of the server }, other: { required: false } }
            steps: { only: { uses: sleep, with: { duration: 1s } } }
            """)
        #expect(
            try await home.succeed("inputs", "asks").lines == [
                "asks, version 1: Asks much.", "inputs (-i NAME=VALUE, or in a file named with -f)",
                "  size (a whole number, 1 or more; required): How large", "  mode (a string; default: fast)",
                "  pin (a string; secret; has a default)", "secrets (--secret NAME=SOURCE)",
                "  token (required): Of the server", "  other",
            ])
        #expect(try await home.succeed("functions").output.contains("hocon_quote(value)"))
    }

    @Test("completions offer runs, steps, workflows and kinds, and make no home")
    func candidates() async throws {
        let home = try Home()
        try home.workflow("pair", pair)
        func offered(_ property: String, _ words: String...) async throws -> [String] {
            let result = try await home.shell(
                "\"$runner\" ---completion \(words[0]) -- positional@\(property) \(words.count) 0 runner \(words.joined(separator: " ")) ''",
                environment: ["SAP_SHELL": "bash"])
            return result.lines
        }
        #expect(try await offered("0", "show") == ["last"])
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/home"))
        let run = try runName(try await home.succeed("run", "pair").output)
        #expect(try await offered("0", "show") == ["last", run])
        #expect(try await offered("1", "logs", "last") == ["one", "two"])
        #expect(try await offered("0", "validate").contains("pair"))
        #expect(try await offered("0", "kinds").contains("command.run"))
    }

    @Test("schema is JSON that knows every step kind")
    func schema() async throws {
        let home = try Home()
        let schema = try Value(json: try await home.succeed("schema").output)
        let text = schema.canonicalJSON
        for kind in ["command.run", "helm.release", "approval", "clearml.ready"] {
            #expect(text.contains("\"\(kind)\""))
        }
    }

    @Test("graph draws a workflow, and a run with its states")
    func graph() async throws {
        let home = try Home()
        try home.workflow("pair", pair)
        #expect(
            try await home.succeed("graph", "pair", "--format", "mermaid").output == """
                flowchart LR
                    s0["one<br/>command.run"]
                    s1["two<br/>command.run"]
                    s0 --> s1

                """)
        try await home.succeed("run", "pair")
        let dot = try await home.succeed("graph", "last", "--format", "dot").output
        #expect(dot.hasPrefix("digraph \"pair\" {") && dot.contains("succeeded"))
        #expect(try await home.succeed("graph", "last", "--format", "svg").output.hasPrefix("<svg "))
        #expect(try await home.run("graph", "nothing").status == 66)
    }

    @Test("help names every command, and says what each exit status means")
    func help() async throws {
        let home = try Home()
        let help = try await home.succeed("--help").output
        let commands = [
            "run", "plan", "resume", "rollback", "cancel", "retry", "skip", "approve", "reject", "signal", "resolve",
            "runs",
            "show", "logs", "graph", "validate", "schema", "doctor", "version", "completions", "audit",
            "kinds", "functions", "inputs",
        ]
        for command in commands { #expect(help.contains("\n  \(command) "), "\(command)") }
        for status in [0, 1, 2, 3, 64, 65, 66, 69, 70, 74, 75, 129, 130, 143] {
            #expect(help.contains("\n  \(status) "))
        }
        #expect(try await home.succeed("version").output.hasPrefix("runner "))
        for shell in ["bash", "zsh", "fish"] {
            #expect(try await home.succeed("completions", shell).output.contains("runner"))
        }
        // None of them makes a home.
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/home"))
    }

    @Test("doctor looks at everything, and says what to do about what is missing")
    func doctor() async throws {
        let home = try Home()
        let result = try await home.run("doctor", environment: ["KUBECONFIG": "/nowhere"])
        for subject in ["database", "owner", "key", "disk", "kubectl", "helm", "cluster", "clock"] {
            #expect(result.output.contains(" \(subject): "), "\(subject) is not in \(result.output)")
        }
        #expect([0, 69].contains(result.status))
        try await home.succeed("runs")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(home.path)/home/key")
        let open = try await home.run("doctor")
        #expect(open.status == 69)
        #expect(open.output.contains("FAIL key: ") && open.output.contains("chmod 600"))
    }

    @Test("a reader that goes away ends a listing quietly, and leaves a run alone")
    func brokenPipe() async throws {
        let home = try Home()
        try home.workflow("pair", pair)
        let run = try await home.shell("\"$runner\" run pair 2>\"$home/err\" | head -n 1; echo ${PIPESTATUS[0]}")
        #expect(run.lines.last == "0")
        #expect(home.read("err") == "")
        #expect(try await home.status() == "succeeded")
        let logs = try await home.shell("\"$runner\" logs last 2>\"$home/err\" | head -n 1; echo ${PIPESTATUS[0]}")
        #expect(logs.lines.count == 2)
        #expect(logs.lines.last == "0")
        #expect(home.read("err") == "")
    }

    @Test("a terminal gets a view that is drawn anew; without colour where NO_COLOR asks for it")
    func terminal() async throws {
        let home = try Home()
        try home.workflow("pair", pair)
        func view(_ environment: [String: String]) async throws -> String {
            let script = "script -qec \"'$runner' run pair\" /dev/null </dev/null"
            let result = try await home.shell(
                script, environment: environment.merging(["TERM": "xterm"]) { given, _ in given })
            #expect(result.status == 0, "\(result.output)")
            return result.output
        }
        let coloured = try await view([:])
        #expect(coloured.contains("\u{1B}[32m✓\u{1B}[0m one"))
        let plain = try await view(["NO_COLOR": "1"])
        #expect(plain.contains("  ✓ one") && plain.contains("  ✓ two"))
        #expect(!plain.contains("m✓"))
        let dumb = try await view(["TERM": "dumb"])
        #expect(dumb.contains("one attempt 1 started"))
        #expect(!dumb.contains("\u{1B}"))
    }

    @Test("logs -f prints what a run under way writes, and ends with it")
    func follow() async throws {
        let home = try Home()
        try home.workflow(
            "talk",
            """
            steps:
              talk: { uses: command.run, with: { script: "echo begun; touch HOME/began; until test -e HOME/go; do sleep 0.05; done; echo done", idempotent: true } }
            """)
        let owner = try home.start("run", "talk")
        try await home.file("began")
        let logs = try home.start("logs", "last", "-f")
        try await until("it has the first line") { logs.output.contains("begun") }
        try home.write("go", "")
        let result = await logs.result()
        #expect(result.status == 0)
        #expect(result.lines.count == 2 && result.output.contains("done"))
        #expect(await owner.result().status == 0)
    }
}
