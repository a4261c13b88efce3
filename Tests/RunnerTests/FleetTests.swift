import Foundation
import Glibc
import TestSupport
import Testing
import Workflow

/// `runner fleet` and `runner tenant` with small workflows: a tenant is a folder in the test's world.
struct FleetTests {
    private static let create = """
        inputs:
          name: string
          size: { type: integer, default: 1 }
        defaults: { retry: { attempts: 1 } }
        steps:
          begin: { uses: tenant.record, with: { tenant: "${{ inputs.name }}", state: creating } }
          ports: { uses: tenant.ports, needs: [begin], with: { tenant: "${{ inputs.name }}", size: 5, cluster: false } }
          make:
            uses: command.run
            needs: [ports]
            with:
              script: |
                echo "${{ inputs.name }}" >> HOME/made
                test ! -e HOME/broken.${{ inputs.name }}
                echo ${{ inputs.size }} > HOME/world.${{ inputs.name }}
              idempotent: true
              revert: rm -f HOME/world.${{ inputs.name }}
          done:
            uses: tenant.record
            needs: [make]
            with: { tenant: "${{ inputs.name }}", state: active, settings: "${{ inputs }}" }
        """

    private static let update = """
        inputs: { name: string, size: integer }
        steps:
          change:
            uses: command.run
            with: { script: "echo ${{ inputs.size }} > HOME/world.${{ inputs.name }}", idempotent: true }
          done:
            uses: tenant.record
            needs: [change]
            with: { tenant: "${{ inputs.name }}", state: active, settings: "${{ inputs }}" }
        """

    private static func delete(asking: Bool) -> String {
        """
        inputs: { name: string }
        steps:
          begin: { uses: tenant.record, with: { tenant: "${{ inputs.name }}", state: deleting } }
          ask: { uses: approval, needs: [begin], when: \(asking), with: { message: "Sure?" } }
          remove:
            uses: command.run
            needs: [ask]
            with: { script: "rm -f HOME/world.${{ inputs.name }}", idempotent: true }
          done: { uses: tenant.record, needs: [remove], with: { tenant: "${{ inputs.name }}", state: deleted } }
        """
    }

    private func home(asking: Bool = false) throws -> Home {
        let home = try Home()
        try home.workflow("tenant-create", Self.create)
        try home.workflow("tenant-update", Self.update)
        try home.workflow("tenant-delete", Self.delete(asking: asking))
        return home
    }

    /// Runs `runner fleet` on the test's file.
    private func fleet(_ home: Home, _ arguments: String) async throws -> Program.Result {
        try await home.shell("\"$runner\" fleet \(arguments) -f \"$home/tenants.yaml\"")
    }

    private func write(_ home: Home, _ tenants: [String], size: Int = 1) throws {
        let lines = tenants.map { "  \($0): { size: \(size) }" }
        try home.write("tenants.yaml", "tenants:\n" + lines.joined(separator: "\n") + "\n")
    }

    private func states(_ home: Home) async throws -> [String: String] {
        let tenants = try await home.succeed("tenant", "list", "--json", "--all").lines.map { try Value(json: $0) }
        return Dictionary(tenants.map { ($0["tenant"]?.stringValue ?? "", $0["state"]?.stringValue ?? "") }) { $1 }
    }

    /// The ports of all tenants, checked to be disjoint.
    private func ports(_ home: Home) async throws -> [String: Int] {
        let tenants = try await home.succeed("tenant", "list", "--json").lines.map { try Value(json: $0) }
        let starts = tenants.compactMap { tenant in
            tenant["ports"]?["starting_port"]?.integerValue.map { (tenant["tenant"]?.stringValue ?? "", $0) }
        }
        for (lower, upper) in zip(starts.map(\.1).sorted(), starts.map(\.1).sorted().dropFirst()) {
            #expect(upper - lower >= 5)
        }
        return Dictionary(starts) { $1 }
    }

    @Test("a fleet is made, changed and pruned as planned, and a second apply does nothing")
    func life() async throws {
        let home = try home()
        try write(home, ["acme", "beta", "gamma"])
        let first = try await fleet(home, "plan --exit-code")
        #expect(first.status == 2)
        #expect(
            first.output == """
                + acme
                + beta
                + gamma
                3 to create, 0 to change, 0 to remove (with --prune), 0 as wanted

                """)
        #expect(try await states(home) == [:])
        let apply = try await fleet(home, "apply")
        #expect(apply.status == 0, "\(apply.output)\(apply.error)")
        #expect(apply.lines.last == "3 done")
        #expect(try await states(home) == ["acme": "active", "beta": "active", "gamma": "active"])
        #expect(try await ports(home).values.sorted() == [30000, 30005, 30010])

        let runs = try await home.succeed("runs", "--json").lines.count
        let second = try await fleet(home, "apply")
        #expect(second.status == 0 && second.output == "nothing to do: all 3 tenants are as wanted\n")
        #expect(try await home.succeed("runs", "--json").lines.count == runs)
        #expect(try await fleet(home, "plan --exit-code").status == 0)

        try home.write("tenants.yaml", "tenants:\n  acme: { size: 7 }\n  gamma: {}\n")
        let plan = try await fleet(home, "plan")
        #expect(plan.output.hasPrefix("~ acme\n    size: 1 → 7\n- beta\n"))
        let careful = try await fleet(home, "apply")
        #expect(careful.status == 0 && careful.error.contains("left alone without --prune: beta"))
        #expect(home.read("world.acme") == "7\n" && home.read("world.beta") != nil)
        #expect(try await fleet(home, "apply --prune").status == 0)
        #expect(home.read("world.beta") == nil)
        #expect(try await states(home) == ["acme": "active", "beta": "deleted", "gamma": "active"])
        #expect(try await ports(home).keys.sorted() == ["acme", "gamma"])
    }

    @Test("a failed canary stops the fleet, and too many failures do; mended, the same command goes on")
    func failures() async throws {
        let home = try home()
        let names = (1...6).map { "t\($0)" }
        try write(home, names)
        try home.write("broken.t2", "")
        let canary = try await fleet(home, "apply --canary 2 --parallel 1 --max-failures 5")
        #expect(canary.status == 1)
        #expect(canary.lines.last == "1 done, 1 failed, 4 not begun")
        #expect(canary.output.contains("t2: failed: run "))
        #expect(try await states(home) == ["t1": "active", "t2": "creating"])
        #expect(try await home.succeed("tenant", "list").output.contains("creating (failed)"))

        try home.write("broken.t4", "")
        let several = try await fleet(home, "apply --parallel 1 --max-failures 2")
        #expect(several.status == 1)
        #expect(several.lines.last == "1 done, 2 failed, 2 not begun")

        unlink(home.path + "/broken.t2")
        unlink(home.path + "/broken.t4")
        let mended = try await fleet(home, "apply")
        #expect(mended.status == 0, "\(mended.output)")
        #expect(Set(try await states(home).values) == ["active"])
        // One run a tenant: the failed ones were gone on with.
        #expect(try await home.succeed("runs", "--json").lines.count == 6)
    }

    @Test("a half-made tenant that is wanted otherwise is undone and made anew; one not wanted any more is undone")
    func otherwise() async throws {
        let home = try home()
        try write(home, ["acme", "beta"])
        try home.write("broken.acme", "")
        try home.write("broken.beta", "")
        #expect(try await fleet(home, "apply --max-failures 2").status == 1)
        unlink(home.path + "/broken.acme")
        try write(home, ["acme"], size: 9)
        let plan = try await fleet(home, "plan")
        #expect(plan.lines.map { $0.prefix(6) }.prefix(2) == ["↶ acme", "↶ beta"])
        #expect(try await fleet(home, "apply").status == 0)
        #expect(home.read("world.acme") == "9\n")
        #expect(try await states(home) == ["acme": "active", "beta": "creating"])
        #expect(try await fleet(home, "apply --prune").status == 0)
        #expect(try await states(home) == ["acme": "active"])
        #expect(try await ports(home).keys.sorted() == ["acme"])
    }

    @Test("a tenant that waits for an approval is told, and the next apply goes on after it")
    func approval() async throws {
        let home = try home(asking: true)
        try write(home, ["acme"])
        #expect(try await fleet(home, "apply").status == 0)
        try home.write("tenants.yaml", "tenants: {}\n")
        let waiting = try await fleet(home, "apply --prune")
        #expect(waiting.status == 3)
        #expect(waiting.output.contains("acme: waits: run ") && waiting.lines.last == "0 done, 1 wait for a decision")
        #expect(waiting.output.contains("fix: runner approve "))
        #expect(home.read("world.acme") != nil)
        try await home.succeed("approve", "last", "ask")
        #expect(try await fleet(home, "apply --prune").status == 0)
        #expect(try await states(home) == ["acme": "deleted"])
    }

    @Test("killed again and again, the same command makes every tenant once, with ports of its own")
    func kills() async throws {
        let home = try home()
        let names = (1...30).map { "t\($0)" }
        try write(home, names)
        for kill in 1...10 {
            let program = try home.start(
                "fleet", "apply", "--parallel", "8", "-f", "\(home.path)/tenants.yaml")
            try await until("\(3 * kill) tenants are begun") {
                (home.read("made") ?? "").split(separator: "\n").count >= 3 * kill
            }
            program.send(SIGKILL)
            _ = await program.result()
        }
        let last = try await fleet(home, "apply --parallel 8")
        #expect(last.status == 0, "\(last.output)\(last.error)")
        #expect(try await states(home) == Dictionary(uniqueKeysWithValues: names.map { ($0, "active") }))
        #expect(try await ports(home).count == 30)
        #expect(try await home.succeed("runs", "--json").lines.count == 30)
        #expect(try await fleet(home, "plan --exit-code").status == 0)
        #expect(try await home.run("audit", "verify").status == 0)
    }

    @Test(
        "where another process drives, it makes the tenants too; where that is killed, the same command goes on alone")
    func besideAnOwner() async throws {
        let home = try home()
        try home.workflow(
            "waiting",
            "steps: { wait: { uses: command.run, with: { script: 'touch HOME/began; until test -e HOME/go; do sleep 0.05; done', idempotent: true } } }"
        )
        let owner = try home.start("run", "waiting")
        try await home.file("began")
        try write(home, ["acme"])
        let beside = try await fleet(home, "apply")
        #expect(beside.status == 0, "\(beside.text)")
        #expect(beside.error.contains("process \(owner.pid) drives the runs of this database, and is asked to do this"))
        #expect(beside.lines.last == "1 done" && home.read("made") == "acme\n")

        // Both wait in the middle of their work when the owner dies.
        let slow = Self.create.replacing(
            "test ! -e HOME/broken", with: "until test -e HOME/go; do sleep 0.05; done; test ! -e HOME/broken")
        try home.workflow("tenant-create", slow)
        try write(home, ["acme", "beta", "gamma", "delta"])
        let apply = try home.start("fleet", "apply", "--parallel", "2", "-f", "\(home.path)/tenants.yaml")
        try await until("two are begun") {
            home.read("made")?.contains("beta\n") == true && home.read("made")?.contains("gamma\n") == true
        }
        owner.send(SIGKILL)
        _ = await owner.result()
        try home.write("go", "")
        let result = await apply.result()
        #expect(result.status == 0, "\(result.text)")
        #expect(result.error.contains("that process has ended: going on here"))
        #expect(try await states(home).values.filter { $0 == "active" }.count == 4)
        #expect(try await ports(home).count == 4)
        #expect(try await home.succeed("runs", "--json", "--workflow", "tenant-create").lines.count == 4)
    }

    @Test("two that apply the same file at once make every tenant once")
    func twoAtOnce() async throws {
        let home = try home()
        let names = (1...12).map { "t\($0)" }
        try write(home, names)
        let programs = try (1...2).map { _ in
            try home.start("fleet", "apply", "--parallel", "4", "-f", "\(home.path)/tenants.yaml")
        }
        for program in programs {
            let result = await program.result()
            #expect(result.status == 0, "\(result.text)")
        }
        #expect(try await states(home) == Dictionary(uniqueKeysWithValues: names.map { ($0, "active") }))
        #expect(try await ports(home).count == 12)
        #expect(try await fleet(home, "plan --exit-code").status == 0)
    }

    @Test("a faulty file is refused with every place, and a workflow that is missing before anything starts")
    func faults() async throws {
        let home = try home()
        try home.write("tenants.yaml", "tenants:\n  acme: { sise: 1 }\n  beta: { size: big }\n")
        let faulty = try await fleet(home, "apply")
        #expect(faulty.status == 65)
        #expect(faulty.error.contains("tenants.yaml:2:11: 'tenants.acme.sise' is not known here"))
        #expect(faulty.error.contains("write 'size'") && faulty.error.contains("tenants.yaml:3:17: "))
        try write(home, ["acme"])
        #expect(try await fleet(home, "apply").status == 0)
        try home.write("tenants.yaml", "workflows: { update: nowhere }\ntenants: { acme: { size: 2 }, beta: {} }\n")
        let missing = try await fleet(home, "apply")
        #expect(missing.status == 66 && missing.error.contains("there is no workflow 'nowhere'"))
        #expect(try await states(home) == ["acme": "active"])
    }

    @Test("more ports than there are, and one domain for two, are refused by plan and apply before anything starts")
    func refused() async throws {
        let home = try home()
        try home.workflow(
            "tenant-create",
            """
            inputs: { name: string, ports: { type: any, default: {} }, email_domains: { type: any, default: [] } }
            steps: { done: { uses: tenant.record, with: { tenant: "${{ inputs.name }}", state: active } } }
            """)
        let half = "{ ports: { enabled: true, count: 1400 } }"
        try home.write("tenants.yaml", "tenants: { acme: \(half), beta: \(half) }\n")
        for command in ["plan", "apply"] {
            let result = try await fleet(home, command)
            #expect(result.status == 65 && result.error.contains("1 of the 2 tenants get no window"), "\(result.text)")
            #expect(result.error.contains("'beta'"))
        }
        try home.write(
            "tenants.yaml", "tenants: { acme: { email_domains: [x.example] }, beta: { email_domains: [x.example] } }\n")
        for command in ["plan", "apply"] {
            let result = try await fleet(home, command)
            #expect(
                result.status == 65
                    && result.error.contains("tenant 'beta': e-mail domain 'x.example' is that of tenant 'acme'"))
        }
        #expect(try await states(home) == [:])
    }

    @Test("tenant commands start the workflows with what the registry knows, and are listed only where those are")
    func actions() async throws {
        let home = try home()
        let help = try await home.succeed("tenant", "--help").output
        #expect(help.contains("  create ") && help.contains("  delete ") && help.contains("  rotate "))
        #expect(try await home.succeed("tenant", "create", "acme", "-i", "size=3").output.contains("succeeded"))
        #expect(try await states(home) == ["acme": "active"] && home.read("world.acme") == "3\n")
        let again = try await home.run("tenant", "create", "acme")
        #expect(again.status == 3 && again.error.contains("there is a tenant 'acme' already"))
        #expect(again.error.contains("runner tenant update acme"))
        #expect(try await home.run("tenant", "update", "beta", "-i", "size=1").status == 66)
        try await home.succeed("tenant", "update", "acme", "-i", "size=4")
        #expect(home.read("world.acme") == "4\n")
        #expect(try await home.show()["inputs"] == ["name": "acme", "size": 4])
        try await home.succeed("tenant", "delete", "acme")
        #expect(try await states(home) == ["acme": "deleted"])
        #expect(try await home.run("tenant", "rotate", "acme").status == 66)

        try home.write("broken.acme", "")
        #expect(try await home.run("tenant", "create", "acme").status == 1)
        let half = try await home.run("tenant", "create", "acme")
        #expect(
            half.status == 3 && half.error.contains("has not come to its end") && half.error.contains("runner rollback")
        )
        try await home.succeed("rollback", "last")
        // The registry remembers the one before it.
        #expect(try await states(home) == ["acme": "deleted"])
        #expect(try await ports(home) == [:])
    }

    @Test("drift compares each tenant with the world by the workflow that made it, and ends with 2")
    func drift() async throws {
        let home = try home()
        try home.workflow(
            "tenant-create",
            """
            inputs: { name: string }
            secrets: [token]
            steps:
              world:
                uses: command.run
                with:
                  script: echo made > HOME/world.${{ inputs.name }}
                  check: test -n "$TOKEN" && test -e HOME/world.${{ inputs.name }}
                  environment: { TOKEN: "${{ secrets.token }}" }
              done:
                uses: tenant.record
                needs: [world]
                with: { tenant: "${{ inputs.name }}", state: active, settings: "${{ inputs }}" }
            """)
        try home.write("tenants.yaml", "tenants: { acme: {}, beta: {} }\n")
        let apply = try await home.shell(
            "\"$runner\" fleet apply -f \"$home/tenants.yaml\" --secret token=env:TOKEN",
            environment: ["TOKEN": "sesame"])
        #expect(apply.status == 0, "\(apply.output)\(apply.error)")
        let clean = try await home.run("drift")
        #expect(clean.status == 0 && clean.output == "0 of 2 active tenants have drifted\n", "\(clean.output)")
        unlink(home.path + "/world.beta")
        let drifted = try await home.run("drift")
        #expect(drifted.status == 2)
        #expect(drifted.lines == ["~ beta", "    world: is gone", "1 of 2 active tenants have drifted"])
        #expect(try await home.run("drift", "acme").status == 0)
        let json = try await home.run("drift", "beta", "--json")
        #expect(try Value(json: json.output)["steps"]?[0]?["id"] == "world")
        #expect(try await home.run("drift", "nobody").status == 66)
    }

    @Test("a tenant that was changed with a newer secret has not drifted by that")
    func driftAfterNewSecret() async throws {
        let home = try home()
        let head = """
            inputs: { name: string }
            secrets: [token]
            concurrency: { group: "tenant/${{ inputs.name }}", on_conflict: reject }

            """
        try home.workflow(
            "tenant-create",
            head + """
                steps:
                  world:
                    uses: command.run
                    with:
                      script: printf %s "$TOKEN" | sha256sum > HOME/world
                      check: test -e HOME/world && printf %s "$TOKEN" | sha256sum | cmp -s - HOME/world
                      environment: { TOKEN: "${{ secrets.token }}" }
                  done:
                    uses: tenant.record
                    needs: [world]
                    with: { tenant: "${{ inputs.name }}", state: active, settings: "${{ inputs }}" }
                """)
        try home.workflow(
            "tenant-update",
            head + """
                steps:
                  change:
                    uses: workflow
                    with:
                      workflow: tenant-create.yaml
                      inputs: { name: "${{ inputs.name }}" }
                      secrets: { token: "${{ secrets.token }}" }
                """)
        for (action, token) in [("create", "sesame"), ("update", "open sesame")] {
            try await home.succeed(
                "tenant", action, "acme", "--secret", "token=env:TOKEN", environment: ["TOKEN": token])
            #expect(try await home.succeed("drift").output == "0 of 1 active tenants have drifted\n")
        }
        try home.write("world", "somebody else's")
        #expect(try await home.run("drift").status == 2)
    }

    @Test("one that cannot be looked at hides no drift of others, and one that is only half there is named")
    func unseen() async throws {
        let home = try home()
        try home.workflow(
            "tenant-create",
            """
            inputs: { name: string }
            steps:
              world:
                uses: command.run
                with:
                  script: echo made > HOME/world.${{ inputs.name }}
                  check: test ! -e HOME/broken.${{ inputs.name }} || exit 127; test -e HOME/world.${{ inputs.name }}
              done:
                uses: tenant.record
                needs: [world]
                with: { tenant: "${{ inputs.name }}", state: active, settings: "${{ inputs }}" }
            """)
        try home.write("tenants.yaml", "tenants: { acme: {}, gamma: {} }\n")
        #expect(try await fleet(home, "apply").status == 0)
        try home.workflow("half", "steps: { begin: { uses: tenant.record, with: { tenant: delta, state: creating } } }")
        try await home.succeed("run", "half")

        try home.write("broken.gamma", "")
        let unseen = try await home.run("drift")
        #expect(unseen.status == 1 && unseen.output.contains("world: could not be looked at"), "\(unseen.text)")
        unlink(home.path + "/world.acme")
        let all = try await home.run("drift", "--parallel", "1")
        #expect(all.status == 2, "\(all.text)")
        #expect(all.output.contains("~ acme\n") && all.output.contains("✗ gamma\n"))
        let half = "delta is creating, and was not looked at"
        #expect(all.lines.last == "1 of 2 active tenants have drifted, 1 could not be looked at; \(half)")
        let json = try await home.run("drift", "--json").lines.map { try Value(json: $0) }
        #expect(json.texts("tenant").sorted() == ["acme", "delta", "gamma"])
        let alone = try await home.run("drift", "delta")
        #expect(alone.status == 0 && alone.output.contains(half))
    }

    @Test("a tenant is shown with all that is known of it, and its secrets nowhere")
    func show() async throws {
        let home = try home()
        try home.workflow(
            "keyed",
            """
            secrets: [agent]
            steps:
              done:
                uses: tenant.record
                with:
                  tenant: acme
                  state: active
                  company: c0ffee
                  credentials: { agent_key: AK1, agent_secret: "${{ secrets.agent }}" }
            """)
        try await home.succeed("run", "keyed", "--secret", "agent=env:AGENT", environment: ["AGENT": "tell-nobody-42"])
        let shown = try await home.succeed("tenant", "show", "acme").output
        #expect(shown.contains("company    c0ffee") && shown.contains("keys       kept sealed"))
        let json = try Value(json: try await home.succeed("tenant", "show", "acme", "--json").output)
        #expect(json["has_credentials"] == true && json["company"] == "c0ffee")
        for text in [shown, json.canonicalJSON] { #expect(!text.contains("tell-nobody-42") && !text.contains("AK1")) }
        for suffix in ["", "-wal"] {
            let bytes = FileManager.default.contents(atPath: home.database + suffix) ?? Data()
            #expect(bytes.range(of: Data("tell-nobody-42".utf8)) == nil)
        }
        let none = try await home.run("tenant", "show", "nobody")
        #expect(none.status == 66 && none.error.contains("there is no tenant 'nobody'"))
    }
}
