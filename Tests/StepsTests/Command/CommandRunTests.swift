import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct CommandRunTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    func probe(_ with: [String: Value]) throws -> StepProbe {
        try StepProbe(
            CommandRun(processes: ProcessRunner(environment: ProcessInfo.processInfo.environment)),
            ["directory": .string(directory.path)].merging(with) { $1 })
    }

    @Test("a program gets its arguments as they are, a script is one for 'sh -eu'; every line is kept")
    func output() async throws {
        let program = try probe(["command": ["printf", "%s|", "a b", "$HOME", "*"]])
        #expect(try await program.apply() == StepOutput(["stdout": "a b|$HOME|*|"]))
        let script = try probe(["script": "echo one; echo; echo two >&2; pwd"])
        #expect(try await script.apply() == StepOutput(["stdout": .string("one\n\n\(directory.path)")]))
        #expect(script.log.sorted() == ["stderr: two", "stdout: ", "stdout: \(directory.path)", "stdout: one"])
        #expect(try await probe(["script": "false; touch no"]).refusalToApply().message == "ended with status 1")
        #expect(try await probe(["script": "echo $none; touch no"]).refusalToApply().kind == .permanent)
        #expect(!FileManager.default.fileExists(atPath: directory.file("no")))
    }

    @Test("what is said to be secret is sealed, and stands in no log line and no error")
    func secret() async throws {
        let text = try probe(["script": "echo hush; echo loud >&2", "secret": true])
        #expect(try await text.apply() == StepOutput(secretValues: ["stdout": "hush"]))
        #expect(text.log == ["stderr: loud"])
        let json = try probe(["script": "false", "check": "echo '[\"hush\"]'", "json": true, "secret": true])
        let found = StepOutput(secretValues: ["stdout": "[\"hush\"]", "result": ["hush"]])
        #expect(try await json.observe() == .present(found))
        #expect(json.log == [])
        let broken = try probe(["script": "echo hush; exit 1", "secret": true])
        #expect(try await broken.refusalToApply().message == "ended with status 1")
    }

    @Test(
        "exactly one of 'command' and 'script'",
        arguments: [[:], ["command": ["true"], "script": "true"]] as [[String: Value]])
    func oneOfTwo(with: [String: Value]) async throws {
        for check: [String: Value] in [[:], ["check": "exit 0"]] {
            let probe = try probe(with.merging(check) { $1 })
            #expect(try await probe.refusalToObserve().kind == .permanent)
            #expect(try await probe.refusalToApply().message.contains("exactly one"))
        }
    }

    @Test("'check' tells whether the work is done: 0 is yes, 1 is no, all else is no answer")
    func check() async throws {
        let probe = try probe(["script": "touch done", "check": "test -e done && echo it is there"])
        #expect(try await probe.observe() == .absent())
        #expect(try await probe.apply() == StepOutput(["stdout": ""]))
        #expect(try await probe.observe() == .present(StepOutput(["stdout": "it is there"])))
        let broken = try await self.probe(["script": "true", "check": "echo no server >&2; exit 2"]).refusalToObserve()
        #expect((broken.kind, broken.object, broken.message) == (.transient, "check", "ended with status 2: no server"))
        #expect(try await self.probe(["script": "true", "check": "kill -9 $$"]).refusalToObserve().kind == .transient)
        #expect(try await self.probe(["script": "true", "check": "nosuch"]).refusalToObserve().kind == .permanent)
    }

    @Test("without 'check' nothing is known, unless it does not matter")
    func noCheck() async throws {
        guard case .unknown = try await probe(["script": "touch no"]).observe() else { throw Unexpected() }
        #expect(try await probe(["script": "touch no", "idempotent": true]).observe() == .absent())
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test(
        "what fails is run again only where that is harmless",
        arguments: [
            ("exit 1", [:], .permanent), ("exit 1", ["idempotent": true], .transient),
            ("exit 1", ["check": "exit 1"], .transient), ("exit 75", [:], .transient),
            ("nosuch", ["idempotent": true], .permanent), ("./", ["idempotent": true], .permanent),
            ("kill -9 $$", [:], .outcomeUnknown), ("kill -9 $$", ["idempotent": true], .transient),
            ("kill -15 $$", ["check": "exit 1"], .transient),
        ] as [(String, [String: Value], StepError.Kind)])
    func failing(script: String, with: [String: Value], kind: StepError.Kind) async throws {
        let error = try await probe(with.merging(["script": .string(script)]) { $1 }).refusalToApply()
        #expect(error.kind == kind)
        #expect(error.object == "command" && error.remedy != nil)
    }

    @Test("a failure quotes the program's last words, cut between words")
    func lastWords() async throws {
        let error = try await probe(["script": "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; echo out; exit 3"])
            .refusalToApply()
        #expect(error.message == "ended with status 3: line 3\nline 4\nline 5\nline 6\nline 7")
        let elsewhere = try await probe(["script": "echo complaint; exit 3"]).refusalToApply()
        #expect(elsewhere.message == "ended with status 3: complaint")
        let long = try await probe(["script": "printf '%0490d \"token=%0500d\"' 0 7 >&2; exit 3"]).refusalToApply()
        #expect(long.message.hasSuffix("0 \"…"))
    }

    @Test("what cannot start says why")
    func cannotStart() async throws {
        let missing = try await probe(["command": ["no-such-program"]]).refusalToApply()
        #expect(missing.kind == .permanent && missing.message.contains("not found in PATH"))
        let nowhere = try await probe(["script": "true", "directory": "/no/such/folder"]).refusalToApply()
        #expect(nowhere.kind == .permanent && nowhere.remedy?.contains("directory") == true)
    }

    @Test("JSON is read; what is none, or too much, is said to be")
    func json() async throws {
        let good = try probe(["script": #"echo '{"a": [1, "x"]}'"#, "json": true])
        #expect(try await good.apply().values["result"] == ["a": [1, "x"]])
        let check = try probe(["script": "exit 1", "check": "echo 5", "json": true])
        #expect(try await check.observe() == .present(StepOutput(["stdout": "5", "result": 5])))
        let bad = try await probe(["script": "echo fine", "json": true]).refusalToApply()
        #expect(bad.kind == .permanent && bad.message.contains("not JSON"))
        let large = try await probe(["script": "printf '\"%070000d\"' 1", "json": true]).refusalToApply()
        #expect(large.kind == .permanent && large.message.contains("65536 bytes"))
    }

    @Test("standard output that is too large for an output is in the log alone")
    func large() async throws {
        let probe = try probe(["script": "for i in 1 2 3; do printf '%030000d\\n' $i; done"])
        #expect(try await probe.apply() == StepOutput(["stdout": .null]))
        #expect(probe.log.filter { $0.hasPrefix("stdout: ") }.count == 3)
        #expect(probe.log.last?.hasPrefix("note: standard output is larger") == true)
    }

    @Test("secrets come by environment and standard input, and show in no argument list")
    func secrets() async throws {
        let secret = UUID().uuidString
        let probe = try probe([
            "script": "echo $$ > pid; read -r line; until test -e go; do sleep 0.01; done; echo $TOKEN $line > got",
            "environment": ["TOKEN": .string("env-" + secret)], "input": .string("in-\(secret)\n"),
        ])
        async let applied = probe.apply()
        _ = try await ProcessWatch.processes(in: directory.file("pid"), count: 1)
        let commandLines = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
            .compactMap { try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8) }
        #expect(commandLines.contains { $0.contains("until test -e go") })
        #expect(!commandLines.contains { $0.contains(secret) })
        try directory.write("", to: "go")
        _ = try await applied
        #expect(try directory.read("got") == "env-\(secret) in-\(secret)\n")
        // The rest is refused a secret by the engine.
        let exposed = CommandRun(processes: ProcessRunner(environment: [:])).parameters.filter(\.exposed).map(\.name)
        #expect(exposed == ["command", "script", "check", "revert"])
    }

    @Test("a revert runs its script, and says what it leaves without one")
    func revert() async throws {
        let probe = try probe([
            "script": "echo $NAME > made", "environment": ["NAME": "n"], "revert": "test \"$NAME\" = n; rm -f made",
        ])
        _ = try await probe.apply()
        for _ in 0..<2 { #expect(try await probe.revert() == []) }
        #expect(!FileManager.default.fileExists(atPath: directory.file("made")))
        #expect(try await self.probe(["script": "true"]).revert().first?.contains("'step'") == true)
        let failing = try self.probe(["script": "true", "revert": "echo busy; exit 4"])
        let error = await #expect(throws: StepError.self) { try await failing.revert() }
        #expect((error?.kind, error?.object, error?.message) == (.transient, "revert", "ended with status 4: busy"))
    }

    @Test("cancelled, it ends with all that it started")
    func cancelled() async throws {
        let probe = try probe(["script": "echo $$ >> pids; (echo $$ >> pids; sleep 1000) & sleep 1000"])
        let applying = Task { try await probe.apply() }
        let processes = try await ProcessWatch.processes(in: directory.file("pids"), count: 2)
        applying.cancel()
        let error = await #expect(throws: StepError.self) { try await applying.value }
        #expect(error?.kind == .cancelled)
        #expect(!processes.contains(where: ProcessWatch.isAlive))
    }

    struct Unexpected: Error {}
}
