import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// The main job on a real cluster: install, plan, drift, rollback, and kills at any moment.
    @Suite struct InstallTests {
        @Test(
            "an install succeeds, a plan of it is quiet, shows what is changed by hand, and a rollback leaves nothing")
        func installPlanRollBack() async throws {
            let sandbox = try Sandbox.require()
            let home = try Home(sandbox)
            let before = try await sandbox.inventory()

            let hunt = try SecretHunt(sandbox.secrets())
            try home.recordHelm()
            let install = try home.start(["run", "install", "-f", sandbox.inputs])
            let seen = Task { await ProcessWatch.arguments(under: install.pid) }
            let installed = await install.result()
            try #require(installed.status == 0, "\(installed.text)")
            let run = try await home.show()
            #expect(run.status == "succeeded")
            // Also those that the install has made itself.
            try await check(hunt.adding(sandbox.madeSecrets()), home, installed, shown: await seen.value)
            #expect(run.steps.allSatisfy { ["succeeded", "skipped"].contains($0.status) })

            let quiet = try await home.run("plan", "install", "-f", sandbox.inputs, "--json")
            #expect(quiet.status == 0, "\(quiet.output)\n\(quiet.error)")
            #expect(try Plan(quiet.output).changing == [], "\(quiet.output)")

            try await sandbox.kubectl(
                "patch", "networkpolicy", "allow-ingress-controller-to-server", "-n", "clearml", "--type=merge", "-p",
                #"{"spec":{"policyTypes":["Ingress","Egress"]}}"#)
            let drift = try await home.run("plan", "install", "-f", sandbox.inputs, "--json")
            #expect(try Plan(drift.output).changing == ["server_policies"], "\(drift.output)")

            let rollback = try await home.run("rollback", run.run)
            #expect(rollback.status == 0, "\(rollback.output)\n\(rollback.error)")
            let after = try await sandbox.inventory()
            let left = after.filter { !before.contains($0) }
            let output = rollback.output + (try await home.succeed("show", run.run))
            for line in left {
                let name = line.split(separator: "/").last.map(String.init) ?? line
                #expect(output.contains(name), "\(line) stays behind, and the output does not say so")
            }
            #expect(before.filter { !after.contains($0) } == [])
            #expect(try await home.show(run.run).status == "rolledBack")
            try await home.succeed("audit", "verify")
            try await sandbox.clearLeftovers(left)
        }

        /// No secret is where somebody may read it who must not: the runner's files, what it says, and arguments of programs.
        private func check(
            _ hunt: SecretHunt, _ home: Home, _ install: Program.Result, shown arguments: Set<String>
        ) async throws {
            #expect(hunt.found(inFilesOf: home.path, besides: ["key"]) == [])
            #expect(hunt.found(in: install.text) == [])
            for look in [["show", "last", "--json"], ["logs", "last"], ["audit", "log", "last"]] {
                let result = try await home.start(look).result()
                #expect(result.status == 0 && hunt.found(in: result.text) == [], "\(look)")
            }
            #expect(arguments.count > 10 && hunt.found(in: arguments.joined(separator: "\n")) == [])
            let helm = try home.helmArguments()
            #expect(helm.contains("upgrade\n") && hunt.found(in: helm) == [])
        }

        /// How often the program is killed: `RUNNER_TEST_KILLS`.
        private static let kills = ProcessInfo.processInfo.environment["RUNNER_TEST_KILLS"].flatMap(Int.init) ?? 50
        private static let seed = ProcessInfo.processInfo.environment["RUNNER_TEST_SEED"].flatMap(UInt64.init) ?? 1

        @Test("killed at random moments and resumed, an install succeeds and does no finished step again")
        func kills() async throws {
            let sandbox = try Sandbox.require()
            var random = SeededGenerator(seed: Self.seed)
            var left = Self.kills
            while left > 0 {
                let home = try Home(sandbox)
                let before = try await sandbox.inventory()
                var arguments = ["run", "install", "-f", sandbox.inputs]
                while true {
                    let process = try home.start(arguments)
                    let killer = left > 0 ? kill(process, children: left % 2 == 0, using: &random) : nil
                    let result = await process.result()
                    killer?.cancel()
                    guard result.status == 128 + SIGKILL else {
                        #expect(result.status == 0, "\(result.output)\n\(result.error)")
                        break
                    }
                    left -= 1
                    // Killed before the run was on disk, there is nothing to resume, and nothing was done.
                    guard try await home.hasRun() else { continue }
                    // Killed after its last commit, there is nothing to resume either.
                    if try await home.show().status == "succeeded" { break }
                    arguments = ["resume", "last"]
                }
                try await check(home, sandbox)
                try await home.succeed("rollback", "last")
                let after = try await sandbox.inventory()
                try await sandbox.clearLeftovers(after.filter { !before.contains($0) })
            }
        }

        /// Kills the process at a random moment: early ones hit the journal and the first steps, late ones helm and its waits.
        ///
        /// - Parameter children: Whether everything it has started dies at the same moment, or is left to its care.
        private func kill(
            _ process: RunningProgram, children: Bool, using random: inout SeededGenerator
        ) -> Task<Void, any Error> {
            let moment = Double.random(in: 0.05...Double.random(in: 0.1...6, using: &random), using: &random)
            return Task {
                try await Task.sleep(for: .seconds(moment))
                process.kill(children: children)
            }
        }

        /// What must hold after an install that was stopped again and again, whatever stopped it.
        func check(_ home: Home, _ sandbox: Sandbox) async throws {
            let run = try await home.show()
            #expect(run.status == "succeeded")
            #expect(run.steps.allSatisfy { ["succeeded", "skipped"].contains($0.status) })
            #expect(try await home.integrity() == "ok")
            try await home.succeed("audit", "verify")
            let pending = try await sandbox.helm("list", "-A", "--pending", "-q")
            #expect(pending.isEmpty, "left pending: \(pending)")

            // The journal: no step succeeds twice, none starts again after it has succeeded.
            var done: Set<String> = []
            for row in try await home.query("SELECT events FROM journal ORDER BY sequence") {
                let events = try JSONSerialization.jsonObject(with: Data(row.utf8)) as? [[Any]] ?? []
                for event in events {
                    guard let code = event.first as? String, event.count > 1 else { continue }
                    let step = "\(event[1])"
                    if code == "ok" { #expect(done.insert(step).inserted, "step \(step) succeeded twice") }
                    if code == "start" { #expect(!done.contains(step), "step \(step) started after it had succeeded") }
                }
            }
            // The world: a release that was applied twice would have a second deployed or superseded revision.
            for release in try JSONDecoder().decode(
                [Release].self, from: Data(try await sandbox.helm("list", "-A", "-o", "json").utf8))
            {
                let text = try await sandbox.helm("history", release.name, "-n", release.namespace, "-o", "json")
                let history = try JSONDecoder().decode([Revision].self, from: Data(text.utf8))
                let applied = history.filter { ["deployed", "superseded"].contains($0.status) }
                #expect(applied.count == 1, "release \(release.name): \(history.map(\.status))")
            }
        }

        private struct Release: Decodable {
            var name: String
            var namespace: String
        }

        private struct Revision: Decodable {
            var status: String
        }
    }
}

/// The parts of a plan's JSON that the tests look at.
struct Plan: Decodable {
    struct Step: Decodable {
        var id: String
        var action: String
    }

    var steps: [Step]

    init(_ json: String) throws {
        self = try JSONDecoder().decode(Plan.self, from: Data(json.utf8))
    }

    /// Steps that would do something, or of which nobody knows.
    var changing: [String] { steps.filter { !["none", "run", "skip"].contains($0.action) }.map(\.id) }
}

extension Home {
    func hasRun() async throws -> Bool {
        guard FileManager.default.fileExists(atPath: database) else { return false }
        return try await !succeed("runs", "--json").isEmpty
    }
}

extension Sandbox {
    /// Removes what charts are known to leave, so that the next test finds the cluster as this one did.
    func clearLeftovers(_ lines: [String]) async throws {
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count == 2 else { continue }
            let path = words[1].split(separator: "/").map(String.init)
            guard path.count == 2 else { continue }
            var arguments = ["delete", String(words[0]), path[1], "--ignore-not-found", "--timeout=120s"]
            if path[0] != "<none>" { arguments += ["-n", path[0]] }
            let result = try await Program("kubectl").run(arguments, environment: try variables())
            #expect(result.status == 0, "\(result.error)")
        }
    }
}
