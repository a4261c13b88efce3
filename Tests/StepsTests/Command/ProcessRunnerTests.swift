import Foundation
import Glibc
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(10)))
struct ProcessRunnerTests {
    let runner = ProcessRunner(environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "BASE": "inherited"])

    func shell(_ script: String) -> ProcessRequest { ProcessRequest("sh", ["-c", script]) }

    @Test("output, error and exit status are what the program gave")
    func result() async throws {
        let result = try await runner.run(shell("echo out; echo err >&2; exit 7"))
        #expect(result.status == .exited(7))
        #expect(result.output.text == "out\n")
        #expect(result.error.text == "err\n")
        let failure = #expect(throws: ProcessFailure.self) {
            try result.requireSuccess(of: ProcessRequest("sh"))
        }
        #expect(failure?.kind == .exited(7))
        #expect(failure?.message == "err")
    }

    @Test("arguments arrive as they are, odd ones too")
    func arguments() async throws {
        let odd = ["", "two words", "-1", "'\"$HOME`\\", "ünï", "a\nb"]
        let result = try await runner.run(ProcessRequest("printf", ["%s\\0"] + odd))
        #expect(result.output.text == odd.map { $0 + "\0" }.joined())
    }

    @Test("the environment is the base with the request's changes, and nothing else")
    func environment() async throws {
        var request = ProcessRequest("env", environment: ["ADDED": "a=b c", "BASE": nil])
        #expect(
            try await runner.run(request).output.text.split(separator: "\n").sorted() == [
                "ADDED=a=b c", "PATH=/usr/local/bin:/usr/bin:/bin",
            ])
        request.environment = [:]
        #expect(try await runner.run(request).output.text.contains("BASE=inherited\n"))
    }

    @Test("standard input is empty unless given; a large one arrives whole, and an unread one harms nobody")
    func input() async throws {
        #expect(try await runner.run(ProcessRequest("cat")).output.bytes == [])
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let request = ProcessRequest("cat", input: bytes, captureLimitBytes: 8 << 20)
        #expect(try await runner.run(request).output.bytes == bytes)
        #expect(try await runner.run(ProcessRequest("true", input: bytes)).succeeded)
    }

    @Test("the working directory is entered; one that is not there is a typed failure, and so is a relative program")
    func workingDirectory() async throws {
        let directory = try TemporaryDirectory()
        let here = try await runner.run(ProcessRequest("pwd", ["-P"], workingDirectory: directory.path))
        #expect(here.output.text.hasSuffix("/\(URL(filePath: directory.path).lastPathComponent)\n"))
        try await writeProgram("#!/bin/sh\necho ran", to: directory.file("tool"))
        let relative = try await runner.run(ProcessRequest("./tool", workingDirectory: directory.path))
        #expect(relative.output.text == "ran\n")
        let failure = await #expect(throws: ProcessFailure.self) {
            try await runner.run(ProcessRequest("pwd", workingDirectory: directory.file("none")))
        }
        #expect(failure?.kind == .workingDirectoryUnusable)
    }

    @Test("a missing program says where it was looked for and what to install")
    func notFound() async throws {
        let failure = await #expect(throws: ProcessFailure.self) {
            try await ProcessRunner(environment: ["PATH": "/nowhere"]).run(ProcessRequest("helm"))
        }
        #expect(failure?.kind == .executableNotFound)
        #expect(failure?.description.contains("/nowhere") == true)
        #expect(failure?.description.contains("fix: install Helm") == true)
        #expect(failure?.result == nil)
    }

    /// Written by another process: one that is started here at this moment would inherit the open file, and a file that
    /// somebody writes cannot be executed ("Text file busy").
    private func writeProgram(_ text: String, to path: String) async throws {
        let script = #"cat > "$1" && chmod 755 "$1""#
        let request = ProcessRequest("sh", ["-c", script, "sh", path], input: Array(text.utf8))
        #expect(try await runner.run(request).status == .exited(0))
    }

    @Test("a file the system cannot execute is 'could not start', with the reason")
    func cannotStart() async throws {
        let directory = try TemporaryDirectory()
        try await writeProgram("#!/no/such/interpreter\n", to: directory.file("tool"))
        let failure = await #expect(throws: ProcessFailure.self) {
            try await runner.run(ProcessRequest(directory.file("tool")))
        }
        #expect(failure?.kind == .couldNotStart)
        #expect(failure?.message.contains("No such file or directory") == true)
        #expect(failure?.result == nil)
    }

    @Test(
        "what the system would cut at a NUL is refused, without its value",
        arguments: [
            ProcessRequest("true", environment: ["TOKEN": "s3cret\0x"]),
            ProcessRequest("true", environment: ["A=B": "s3cret"]),
            ProcessRequest("true", environment: ["": "s3cret"]), ProcessRequest("true", ["a\0b"]),
        ])
    func nul(request: ProcessRequest) async throws {
        let failure = await #expect(throws: ProcessFailure.self) { try await runner.run(request) }
        #expect(failure?.kind == .couldNotStart)
        #expect(failure?.description.contains("s3cret") == false)
    }

    @Test("a signal that ends the program is told from an exit status", arguments: [SIGKILL, SIGSEGV, SIGTERM])
    func signalled(signal: Int32) async throws {
        #expect(try await runner.run(shell("kill -\(signal) $$")).status == .signalled(signal))
    }

    @Test("an exit status of 126 is the program's own unless it could not start")
    func status126() async throws {
        #expect(try await runner.run(shell("echo no >&2; exit 126")).status == .exited(126))
    }

    @Test("lines arrive in order while the program runs, the last one without a line break too")
    func lines() async throws {
        let directory = try TemporaryDirectory()
        let seen = Locked<[ProcessLine]>([])
        // The script goes on only after its first line has been seen, so the line cannot have come at the end.
        let request = shell(
            "echo one; while [ ! -e \(directory.file("go")) ]; do sleep 0.01; done; printf 'two\\r\\nthree'")
        let result = try await runner.run(request) { line in
            seen.with { $0.append(line) }
            if line.text == "one" { _ = FileManager.default.createFile(atPath: directory.file("go"), contents: nil) }
        }
        #expect(result.succeeded)
        #expect(seen.with { $0.map(\.text) } == ["one", "two", "three"])
    }

    @Test("everything written just before the end is read")
    func drained() async throws {
        for _ in 0..<20 {
            let request = ProcessRequest("head", ["-c", "1000000", "/dev/zero"], captureLimitBytes: 2_000_000)
            #expect(try await runner.run(request).output.totalBytes == 1_000_000)
        }
    }

    @Test("output beyond the limit keeps head and tail and counts the rest")
    func capped() async throws {
        var request = shell("echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last")
        request.captureLimitBytes = 1000
        let output = try await runner.run(request).output
        #expect(output.text.hasPrefix("first\nxxx"))
        #expect(output.text.hasSuffix("xxx\nlast\n"))
        #expect(output.totalBytes == 5_000_012)
        #expect(output.omittedBytes == 4_999_012)
        #expect(output.bytes == nil)
    }

    @Test("a file larger than the limit cannot be written")
    func fileSizeLimit() async throws {
        let directory = try TemporaryDirectory()
        let request = ProcessRequest(
            "head", ["-c", "100000", "/dev/zero"], workingDirectory: directory.path, fileSizeLimitBytes: 4096)
        #expect(try await runner.run(request).output.totalBytes == 100_000)  // a pipe is no file
        var writing = shell("head -c 100000 /dev/zero > big")
        writing.workingDirectory = directory.path
        writing.fileSizeLimitBytes = 4096
        #expect(try await !runner.run(writing).succeeded)
        #expect(try directory.read("big").utf8.count == 4096)
    }

    @Test("a descendant that keeps the output open is ended with the program, even from a session of its own")
    func stragglers() async throws {
        let directory = try TemporaryDirectory()
        var request = shell(
            "sleep 1000 & echo $! > pids; setsid sh -c 'echo $$ >> pids; sleep 1000' & while [ $(wc -l < pids) -lt 2 ]; "
                + "do sleep 0.01; done; exit 3")
        request.workingDirectory = directory.path
        request.linger = .milliseconds(50)
        #expect(try await runner.run(request).status == .exited(3))
        let processes = try await ProcessWatch.processes(in: directory.file("pids"), count: 2)
        #expect(processes.filter(ProcessWatch.isAlive) == [])
    }

    @Test("a descendant that is about to finish may finish")
    func linger() async throws {
        var request = shell("(sleep 0.2; echo late) & exit 0")
        request.linger = .seconds(30)
        #expect(try await runner.run(request).output.text == "late\n")
    }

    @Test("cancellation asks the whole group to stop, and hears what it says about it")
    func cancelled() async throws {
        let directory = try TemporaryDirectory()
        var request = shell(
            "trap 'echo stopping; exit 0' TERM; (trap 'echo child stopping; exit 0' TERM; echo $$ >> pids; "
                + "while :; do sleep 0.05; done) & echo $! >> pids; while :; do sleep 0.05; done")
        request.workingDirectory = directory.path
        request.grace = .seconds(30)
        let task = Task { [runner, request] in try await runner.run(request) }
        let processes = try await ProcessWatch.processes(in: directory.file("pids"), count: 2)
        task.cancel()
        let failure = await #expect(throws: ProcessFailure.self) { try await task.value }
        #expect(failure?.kind == .cancelled)
        #expect(failure?.result?.output.text.split(separator: "\n").sorted() == ["child stopping", "stopping"])
        #expect(processes.filter(ProcessWatch.isAlive) == [])
    }

    @Test("who ignores SIGTERM gets SIGKILL after the grace, descendants included")
    func stubborn() async throws {
        let directory = try TemporaryDirectory()
        var request = shell(
            "trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 1000; done' &); "
                + "sh -c 'echo $$ >> pids; while :; do sleep 1000; done' & echo $$ >> pids; while :; do sleep 1000; done"
        )
        request.workingDirectory = directory.path
        request.grace = .milliseconds(100)
        let task = Task { [runner, request] in try await runner.run(request) }
        let processes = try await ProcessWatch.processes(in: directory.file("pids"), count: 3)
        task.cancel()
        let failure = await #expect(throws: ProcessFailure.self) { try await task.value }
        #expect(failure?.kind == .cancelled)
        #expect(failure?.result?.status == .signalled(SIGKILL))
        #expect(processes.filter(ProcessWatch.isAlive) == [])
    }

    @Test("a task that is cancelled already starts nothing")
    func cancelledBefore() async throws {
        let task = Task { [runner] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await runner.run(ProcessRequest("true"))
        }
        let failure = await #expect(throws: ProcessFailure.self) { try await task.value }
        #expect(failure?.kind == .cancelled)
        #expect(failure?.result == nil)
    }

    @Test("a cancellation is not lost on a program that is just being started", arguments: 0..<40)
    func cancelledWhileStarting(round: Int) async throws {
        // None of these ends by itself: a lost signal would be a test without end.
        let request = ProcessRequest("sh", ["-c", "sleep 1000 & sleep 1000; sleep 1000"])
        let task = Task { [runner] in try await runner.run(request) }
        try await Task.sleep(for: .milliseconds(round))
        task.cancel()
        let failure = await #expect(throws: ProcessFailure.self) { try await task.value }
        #expect(failure?.kind == .cancelled)
    }

    @Test("a program that takes too long is stopped, with what it said last")
    func timedOut() async throws {
        var request = shell("echo waiting for the moon >&2; sleep 1000")
        request.timeout = .milliseconds(500)
        let failure = await #expect(throws: ProcessFailure.self) { try await runner.run(request) }
        #expect(failure?.kind == .timedOut(after: .milliseconds(500)))
        #expect(failure?.message == "waiting for the moon")
    }

    @Test("many programs at once")
    func parallel() async throws {
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<50 {
                group.addTask { [runner] in
                    (
                        number,
                        try await runner.run(ProcessRequest("sh", ["-c", "sleep 0.05; echo \(number)"])).output.text
                    )
                }
            }
            for try await (number, text) in group { #expect(text == "\(number)\n") }
        }
    }

    @Test("descriptions show no environment and no input")
    func descriptions() {
        let request = ProcessRequest("helm", ["list"], environment: ["TOKEN": "s3cret"], input: Array("s3cret".utf8))
        #expect("\(request)" == "helm list")
        #expect(!String(reflecting: request).contains("s3cret"))
    }
}
