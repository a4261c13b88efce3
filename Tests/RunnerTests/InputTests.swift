import Foundation
import TestSupport
import Testing
import Workflow

/// What a run is started with: inputs and secrets, right and wrong.
struct InputTests {
    private let typed = """
        inputs:
          size: { type: integer }
          tags: { type: array, items: string, default: [] }
          mode: { type: string, enum: [fast, safe], default: safe }
        steps:
          echo: { uses: command.run, with: { script: "echo ${{ json(inputs) }}", idempotent: true } }
        """

    @Test("inputs are read as their types, those of -i over those of files, later files over earlier ones")
    func precedence() async throws {
        let home = try Home()
        try home.workflow("typed", typed)
        try home.write("one.yaml", "size: 1\nmode: fast\ntags: [a]\n")
        try home.write("two.yaml", "size: 2\n")
        try await home.succeed(
            "run", "typed", "-f", "\(home.path)/one.yaml", "-f", "\(home.path)/two.yaml", "-i", "tags=x,y")
        #expect(try await home.show()["inputs"] == ["size": 2, "mode": "fast", "tags": ["x", "y"]])
    }

    @Test("every fault of the inputs is told at once, and nothing is started")
    func faults() async throws {
        let home = try Home()
        try home.workflow("typed", typed)
        try home.write("in.yaml", "mode: slow\nsiez: 1\n")
        let result = try await home.run("run", "typed", "-f", "\(home.path)/in.yaml")
        #expect(result.status == 65)
        #expect(result.output == "")
        for part in ["input 'size'", "[missingInput]", "input 'mode'", "no input 'siez'", "fix: write 'size'"] {
            #expect(result.error.contains(part), "\(part) is not in: \(result.error)")
        }
        #expect(try await home.succeed("runs").output == "")
    }

    struct Misuse: Sendable, CustomTestStringConvertible {
        let arguments: String
        let status: Int32
        let message: String

        init(_ arguments: String, _ status: Int32, _ message: String) {
            (self.arguments, self.status, self.message) = (arguments, status, message)
        }

        var testDescription: String { arguments }
    }

    private static let misuses = [
        Misuse("run typed -i size=big", 65, "input 'size' must be a whole number"),
        Misuse("run typed -i size", 64, "fix: write -i name=value"),
        Misuse("run typed -f /nowhere.yaml", 66, "there is no file /nowhere.yaml"),
        Misuse("run nothing", 66, "there is no workflow 'nothing'"),
        Misuse("run", 64, "name a workflow"),
        Misuse("run typed --parallel 0", 64, "--parallel"),
        Misuse("run typed --nonsense", 64, "--nonsense"),
        Misuse("frobnicate", 64, "frobnicate"),
        Misuse("resume last", 66, "there is no database"),
        Misuse("signal last go --data '{}'", 66, "there is no database"),
        Misuse("run typed -i size=1 --secret token=env:X", 65, "has no secret 'token'"),
        Misuse("runs --status odd", 64, "there is no status 'odd'"),
    ]

    @Test("wrong arguments, files and workflows end with their own status and say what to do", arguments: misuses)
    func misuse(_ misuse: Misuse) async throws {
        let home = try Home()
        try home.workflow("typed", typed)
        let result = try await home.shell("\"$runner\" \(misuse.arguments)")
        #expect(result.status == misuse.status, "\(result.output)\(result.error)")
        #expect(result.error.contains(misuse.message), "\(result.error)")
    }

    private let secret = """
        inputs:
          password: { type: string, secret: true, default: none }
        secrets: [token, other]
        steps:
          use:
            uses: command.run
            with:
              script: "echo token is $TOKEN; echo password is $PASSWORD; echo $OTHER >&2"
              environment:
                TOKEN: "${{ secrets.token }}"
                OTHER: "${{ secrets.other }}"
                PASSWORD: "${{ inputs.password }}"
              idempotent: true
        outputs: { said: "${{ steps.use.stdout }}" }
        """

    @Test("secrets come from where they are bound, and reach neither output, logs nor database")
    func secrets() async throws {
        let home = try Home()
        try home.workflow("secret", secret)
        try home.write("file", "from-a-file-1234\n")
        let result = try await home.succeed(
            "run", "secret", "--secret", "token=file:\(home.path)/file", "--secret",
            "other=exec:echo from-exec-$((600+66))",
            "-i", "password=from-input-4711")
        #expect(result.output.contains("said: token is ***\npassword is ***"))
        let logs = try await home.succeed("logs", "last")
        #expect(logs.output.contains("token is ***"))
        let show = try await home.succeed("show", "last")
        let json = try await home.succeed("show", "last", "--json")
        var everything = result.output + result.error + logs.output + show.output + json.output
        for name in ["runner.db", "runner.db-wal"] {
            let data = FileManager.default.contents(atPath: "\(home.path)/home/\(name)") ?? Data()
            everything += String(decoding: data, as: UTF8.self)
        }
        for value in ["from-a-file-1234", "from-exec-666", "from-input-4711"] { #expect(!everything.contains(value)) }
        #expect(try await home.show()["secrets"]?["token"] == .string("file:\(home.path)/file"))
    }

    @Test("a secret that is not bound is looked for in the environment")
    func environment() async throws {
        let home = try Home()
        try home.workflow("secret", secret)
        let result = try await home.run(
            "run", "secret",
            environment: ["RUNNER_SECRET_TOKEN": "in-the-environment", "RUNNER_SECRET_OTHER": "also-there"])
        #expect(result.status == 0, "\(result.error)")
        #expect(!result.output.contains("in-the-environment"))
    }

    @Test("missing inputs and secrets are told at once")
    func missing() async throws {
        let home = try Home()
        try home.workflow(
            "both",
            """
            inputs: { size: { type: integer } }
            secrets: [token, other]
            steps:
              echo: { uses: command.run, with: { script: "true", idempotent: true } }
            """)
        let result = try await home.run("run", "both")
        #expect(result.status == 65)
        for name in ["input 'size'", "secret 'token'", "secret 'other'"] { #expect(result.error.contains(name)) }
    }

    @Test("a secret whose source gives nothing is an error that names the source and never a value")
    func sources() async throws {
        let home = try Home()
        try home.workflow("secret", secret)
        let result = try await home.run(
            "run", "secret", "--secret", "token=env:NOT_SET", "--secret", "other=file:/not/there")
        #expect(result.status == 65)
        #expect(
            result.error.contains("secret 'token' (env:NOT_SET)")
                && result.error.contains("secret 'other' (file:/not/there)"))

        let value = try await home.run("run", "secret", "--secret", "token=hunter2-value", "--secret", "other=env:HOME")
        #expect(value.status == 65)
        #expect(!value.error.contains("hunter2-value"))
        #expect(value.error.contains("env:VARIABLE"))
    }

    private static let kubeconfig = ProcessInfo.processInfo.environment["RUNNER_TEST_KUBECONFIG"]

    @Test("a secret is read from a Secret of the cluster", .enabled(if: kubeconfig != nil))
    func kubernetes() async throws {
        let home = try Home()
        try home.workflow("secret", secret)
        let name = "runner-test-" + UUID().uuidString.prefix(8).lowercased()
        let cluster = ["KUBECONFIG": Self.kubeconfig ?? "", "name": name]
        let made = try await home.shell(
            "kubectl create secret generic \"$name\" -n default --from-literal=key=in-the-cluster", environment: cluster
        )
        try #require(made.status == 0, "\(made.error)")
        let right = try await home.run(
            "run", "secret", "--secret", "token=kubernetes:default/\(name)/key", "--secret", "other=env:HOME",
            environment: cluster)
        let wrong = try await home.run(
            "run", "secret", "--secret", "token=kubernetes:default/\(name)/kee", "--secret", "other=env:HOME",
            environment: cluster)
        _ = try await home.shell("kubectl delete secret \"$name\" -n default", environment: cluster)
        #expect(right.status == 0, "\(right.error)")
        #expect(right.output.contains("token is ***") && !right.output.contains("in-the-cluster"))
        #expect(wrong.status == 65)
        #expect(wrong.error.contains("the Secret has no key 'kee'"))
    }

    @Test("an input that holds a secret's value is refused, as inputs are written to the journal")
    func leak() async throws {
        let home = try Home()
        try home.workflow(
            "leaky",
            """
            inputs: { url: { type: string } }
            secrets: [token]
            steps:
              echo: { uses: command.run, with: { script: "true", idempotent: true } }
            """)
        let result = try await home.run(
            "run", "leaky", "-i", "url=https://user:s3cr3t-token@example.com", "--secret", "token=env:TOKEN",
            environment: ["TOKEN": "s3cr3t-token"])
        #expect(result.status == 65)
        #expect(result.error.contains("input 'url'"))
        #expect(!result.error.contains("s3cr3t-token"))
        #expect(try await home.succeed("runs").output == "")
    }
}
