import Foundation
import Glibc
import Steps
import TestSupport
import Testing

/// What is left of a step when its runner is killed with `kill -9`: nothing.
@Suite(.timeLimit(.minutes(10)))
struct OrphanTests {
    /// Two levels of descendants, one of them in a session of its own, none of which would ever end by itself or heed
    /// SIGTERM or SIGHUP.
    static let family = """
        trap '' TERM HUP
        echo $$ >> "$PIDS"
        sleep 1000 & echo $! >> "$PIDS"
        sh -c 'trap "" TERM HUP; echo $$ >> "$PIDS"; sleep 1000 & echo $! >> "$PIDS"; wait' &
        setsid sh -c 'trap "" TERM HUP; echo $$ >> "$PIDS"; sleep 1000 & echo $! >> "$PIDS"; wait' &
        while :; do sleep 1000; done
        """

    @Test("no descendant outlives a runner that was killed")
    func killed() async throws {
        let pids = FileManager.default.temporaryDirectory.path + "/runner-orphans-\(getpid())"
        defer { unlink(pids) }
        unlink(pids)
        await #expect(processExitsWith: .signal(SIGKILL)) { [pids = pids as String] in
            let runner = ProcessRunner(environment: ["PATH": "/usr/bin:/bin", "PIDS": pids])
            async let running = runner.run(ProcessRequest("sh", ["-c", OrphanTests.family]))
            // Spawned from here, the family is complete before the blow falls.
            _ = try await ProcessWatch.processes(in: pids, count: 6)
            kill(getpid(), SIGKILL)
            _ = try await running
        }
        let family = try await ProcessWatch.processes(in: pids, count: 6)
        #expect(family.count == 6)
        try await until("the end of \(family.filter(ProcessWatch.isAlive))") {
            !family.contains(where: ProcessWatch.isAlive)
        }
    }

    @Test("nor does anything that was just being started", arguments: 0..<20)
    func killedWhileStarting(round: Int) async throws {
        let mark = "RUNNER_TEST_MARK=\(UUID().uuidString)"
        await #expect(processExitsWith: .signal(SIGKILL)) { [mark = mark as String, round = round as Int] in
            let pair = mark.split(separator: "=").map(String.init)
            let runner = ProcessRunner(environment: ["PATH": "/usr/bin:/bin", pair[0]: pair[1]])
            Thread.detachNewThread {
                usleep(UInt32(round) * 2000)  // somewhere between the first fork and the last exec
                kill(getpid(), SIGKILL)
            }
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        _ = try? await runner.run(ProcessRequest("sh", ["-c", "sleep 1000 & sleep 1000"]))
                    }
                }
            }
        }
        try await until("the end of all processes with \(mark)") {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").allSatisfy { name in
                guard pid_t(name) != nil,
                    let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ")
                else { return true }
                return environment.firstRange(of: Data(mark.utf8)) == nil
            }
        }
    }

    @Test("private files of a killed runner are removed by the next one, those of a living one stay")
    func privateFiles() async throws {
        let directory = try TemporaryDirectory()
        let base = directory.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [base = base as String] in
            let files = try PrivateFiles(environment: ["XDG_RUNTIME_DIR": base])
            try await files.withDirectory { directory in
                _ = try directory.write("s3cret", to: "values.yaml")
                kill(getpid(), SIGKILL)
            }
        }
        let root = directory.file("runner-private-\(geteuid())")
        let left = try FileManager.default.subpathsOfDirectory(atPath: root)
        #expect(left.contains { $0.hasSuffix("values.yaml") })

        let first = try PrivateFiles(environment: ["XDG_RUNTIME_DIR": base])
        #expect(try FileManager.default.subpathsOfDirectory(atPath: root).allSatisfy { !$0.hasSuffix("values.yaml") })
        try await first.withDirectory { mine in
            let path = try mine.write("s3cret", to: "values.yaml")
            let second = try PrivateFiles(environment: ["XDG_RUNTIME_DIR": base])
            #expect(FileManager.default.fileExists(atPath: path))
            _ = second
        }
    }
}
