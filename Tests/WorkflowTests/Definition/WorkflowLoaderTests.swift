import Foundation
import TestSupport
import Testing
import Workflow

@Suite("Reading workflow files")
struct WorkflowLoaderTests {
    static let tenant = """
        workflow: tenant-create
        version: 3
        description: Create a tenant and everything it needs.
        inputs:
          name:         { type: string, pattern: "^[a-z][a-z0-9-]{1,30}$", description: Tenant and namespace name }
          admin_email:  { type: string, format: email }
          email_domains: { type: array, items: { type: string, format: hostname } }
          features:     { type: array, items: { type: string }, default: [applications] }
        secrets: [dockerhub_token, apiserver_key, apiserver_secret]
        concurrency: { group: "tenant/${{ inputs.name }}", on_conflict: queue }
        defaults:
          timeout: 10m
          retry: { attempts: 5, initial: 2s, factor: 2, max: 1m }
        on_failure: rollback            # or: stop
        steps:
          company:
            uses: clearml.company
            with: { name: "${{ inputs.name }}", features: "${{ inputs.features }}" }
          admin:
            uses: clearml.user
            with: { company: "${{ steps.company.id }}", email: "${{ inputs.admin_email }}", role: admin }
          isolation:
            uses: kubernetes.apply
            with:
              manifests: [policies.yaml]
          agent:
            uses: helm.release
            needs: [isolation]          # other edges follow from the references
            with:
              release: clearml-agent
              chart: allegroai-enterprise/clearml-enterprise-agent
              namespace: "${{ inputs.name }}"
              values: values/agent.yaml # itself a template over the same names
        outputs: { company: "${{ steps.company.id }}" }
        """
    static let tenantFiles = [
        "flows/values/agent.yaml": """
        agent:
          company: ${{ steps.company.id }}
          token: "x-${{ secrets.dockerhub_token }}"
          replicas: 2
        """,
        "flows/policies.yaml": """
        kind: NetworkPolicy
        metadata: { namespace: "${{ inputs.name }}" }
        ---
        kind: Secret
        ---
        """,
    ]

    @Test("a whole workflow")
    func whole() throws {
        let workflow = try Declared.load(Self.tenant, Self.tenantFiles)
        let definition = workflow.definition
        #expect(definition.name == "tenant-create")
        #expect(definition.version == 3)
        #expect(definition.onFailure == .rollback)
        #expect(definition.inputs.map(\.name) == ["name", "admin_email", "email_domains", "features"])
        #expect(definition.inputs[3].default == ["applications"])
        #expect(definition.inputs[2].schema == .array(.string(.hostname)))
        #expect(definition.secrets.map(\.name) == ["dockerhub_token", "apiserver_key", "apiserver_secret"])
        #expect(definition.concurrency?.onConflict == .queue)
        #expect(definition.steps.map(\.id) == ["company", "admin", "isolation", "agent"])
        #expect(definition.steps.map(\.needs) == [[], [0], [], [0, 2]])
        #expect(definition.steps.allSatisfy { $0.timeout == .seconds(600) && $0.retry.attempts == 5 })
        #expect(definition.steps[3].location == SourceLocation(file: "main.yaml", line: 26, column: 3))
        #expect(definition.outputs.keys.sorted() == ["company"])
        #expect(definition.order == [0, 1, 2, 3])
        let scope = Scope(
            ["inputs": ["name": "acme"], "secrets": ["dockerhub_token": "t"]], steps: ["company": ["id": "c1"]])
        #expect(
            try definition.steps[3].with["values"]?.evaluate(in: scope)
                == ["agent": ["company": "c1", "token": "x-t", "replicas": 2]])
        #expect(
            try definition.steps[2].with["manifests"]?.evaluate(in: scope)
                == [["kind": "NetworkPolicy", "metadata": ["namespace": "acme"]], ["kind": "Secret"]])
        #expect(try definition.concurrency?.group.evaluate(in: scope) == "tenant/acme")
        #expect(workflow.bundle.files.keys.sorted() == ["main.yaml", "policies.yaml", "values/agent.yaml"])
    }

    @Test("a bundle gives the same workflow again, and the same hash from anywhere")
    func bundle() throws {
        let workflow = try Declared.load(Self.tenant, Self.tenantFiles)
        let encoded = workflow.bundle.encoded
        let bundle = try WorkflowBundle(encoded: encoded)
        #expect(bundle == workflow.bundle)
        #expect(bundle.encoded == encoded)
        #expect(bundle.hash.utf8.count == 64)
        #expect(try WorkflowLoader.load(bundle: bundle, catalog: Declared.catalog) == workflow)
        let coded = try JSONDecoder().decode(WorkflowBundle.self, from: JSONEncoder().encode(bundle))
        #expect(coded == bundle)

        let elsewhere = Dictionary(
            uniqueKeysWithValues: Self.tenantFiles.map { ("/etc/" + $0.key.dropFirst(6), $0.value) })
        #expect(try Declared.load(Self.tenant, elsewhere, at: "/etc/main.yaml").bundle.hash == bundle.hash)
        var changed = Self.tenantFiles
        changed["flows/values/agent.yaml"] = "agent: { replicas: 3 }"
        #expect(try Declared.load(Self.tenant, changed).bundle.hash != bundle.hash)
    }

    @Test("files on disk")
    func disk() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("values"), withIntermediateDirectories: true)
        try Self.tenant.write(to: folder.appendingPathComponent("main.yaml"), atomically: true, encoding: .utf8)
        for (path, text) in Self.tenantFiles {
            let file = folder.appendingPathComponent(String(path.dropFirst(6)))
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let path = folder.appendingPathComponent("main.yaml").path
        let workflow = try WorkflowLoader.load(path: path, catalog: Declared.catalog) {
            try Data(contentsOf: URL(fileURLWithPath: $0))
        }
        #expect(try workflow == Declared.load(Self.tenant, Self.tenantFiles))
        do throws(DefinitionErrors) {
            _ = try WorkflowLoader.load(path: folder.path + "/none.yaml", catalog: Declared.catalog) {
                try Data(contentsOf: URL(fileURLWithPath: $0))
            }
            Issue.record("a missing file was read")
        } catch {
            #expect(
                error.description == """
                    \(folder.path)/none.yaml:1:1: cannot read 'none.yaml': there is no such file [unreadableFile]
                      fix: create the file, or correct its path; paths are relative to the file that names them
                    """)
        }
    }

    @Test("a workflow within a workflow")
    func children() throws {
        let main = """
            workflow: outer
            secrets: [token]
            steps:
              inner:
                uses: workflow
                with: { workflow: sub/inner.yaml, inputs: { size: 2 }, secrets: { key: "${{ secrets.token }}" } }
              after: { uses: sleep, with: { duration: "${{ steps.inner.pause }}" } }
            """
        let files = [
            "flows/sub/inner.yaml": """
            workflow: inner
            inputs: { size: integer, wish: { type: string, required: false } }
            secrets: { key: { description: The key }, other: { required: false } }
            steps:
              go: { uses: command.run, with: { argv: [a, "${{ inputs.size }}"], script: go.sh } }
            outputs: { pause: "${{ steps.go.stdout }}" }
            """,
            "flows/sub/go.sh": "echo ${{ not an expression }}\n",
        ]
        let workflow = try Declared.load(main, files)
        let child = try #require(workflow.children["sub/inner.yaml"])
        #expect(workflow.definition.steps[0].with["workflow"] == .literal("sub/inner.yaml"))
        #expect(workflow.definition.steps[1].needs == [0])
        #expect(child.definition.inputs[1].default == .some(.null))
        #expect(child.definition.steps[0].with["script"] == .literal("echo ${{ not an expression }}\n"))
        #expect(workflow.bundle.files.keys.sorted() == ["main.yaml", "sub/go.sh", "sub/inner.yaml"])
        #expect(child.bundle.main == "sub/inner.yaml")
        #expect(child.bundle.files.keys.sorted() == ["sub/go.sh", "sub/inner.yaml"])
        #expect(try WorkflowLoader.load(bundle: child.bundle, catalog: Declared.catalog) == child)
        #expect(try WorkflowLoader.load(bundle: workflow.bundle, catalog: Declared.catalog) == workflow)
    }

    @Test("everything a step may say")
    func step() throws {
        let workflow = try Declared.load(
            """
            workflow: full
            inputs: { names: { type: array, items: string }, on: boolean }
            defaults: { retry: { attempts: 7, max: 5m }, total_timeout: 2h }
            steps:
              each:
                description: One for each.
                uses: clearml.company
                when: inputs.on && length(inputs.names) > 0
                for_each: "${{ inputs.names }}"
                max_parallel: 2
                with: { name: "${{ item }}" }
                retry: { initial: 1s }
                timeout: 90
                revert: keep
                outputs: { label: "${{ output.id }}-${{ index }}" }
              last:
                uses: command.run
                when: ${{ steps.each[0].label != 'x' }}
                needs: each
                with: { argv: ["${{ join(pluck(steps.each, 'id'), ',') }}"] }
                revert: never
            """)
        let step = workflow.definition.steps[0]
        #expect(step.description == "One for each.")
        #expect(step.retry == RetryPolicy(attempts: 7, initial: .seconds(1), factor: 2, maximum: .seconds(300)))
        #expect(step.timeout == .seconds(90))
        #expect(step.totalTimeout == .seconds(7200))
        #expect(step.maxParallel == 2)
        #expect(step.revert == .keep)
        let scope = Scope(["inputs": ["names": ["a", "b"], "on": true], "output": ["id": "c"], "index": 1])
        #expect(try step.forEach?.evaluate(in: scope) == ["a", "b"])
        #expect(try step.when?.evaluate(in: scope) == true)
        #expect(try step.outputs["label"]?.evaluate(in: scope) == "c-1")
        #expect(workflow.definition.steps[1].needs == [0])
        #expect(workflow.definition.steps[1].revert == .never)
    }

    @Test("faults of evaluation name the place")
    func locatedEvaluation() throws {
        let workflow = try Declared.load(
            """
            workflow: w
            inputs: { data: any }
            steps:
              a:
                uses: command.run
                with:
                  argv:
                    - |
                      first
                      second ${{ inputs.data.nmae }}
            """)
        let template = try #require(workflow.definition.steps[0].with["argv"])
        let message =
            "main.yaml:10:22: 'inputs.data.nmae': there is no 'nmae': write 'name', or default(inputs.data.nmae, …) where it may be missing (in 'inputs.data.nmae')"
        #expect(throws: EvaluationError.invalid(message)) {
            try template.evaluate(in: Scope(["inputs": ["data": ["name": 1]]]))
        }
    }

    @Test("a file of inputs")
    func inputsFile() throws {
        #expect(
            try Value(yaml: "a: [1, x, 1.5]\nb: {c: ~, d: 0x10}\n8080: on-off", file: "i.yaml")
                == ["a": [1, "x", 1.5], "b": ["c": .null, "d": 16], "8080": "on-off"])
        #expect(try Value(yaml: "", file: "i.yaml") == .null)
        #expect(throws: DefinitionErrors.self) { try Value(yaml: "a: 1\n---\nb: 1", file: "i.yaml") }
        do throws(DefinitionErrors) {
            _ = try Value(yaml: (0..<60).map { "a\($0 / 2): 1" }.joined(separator: "\n"), file: "i.yaml")
            Issue.record("repeated keys were taken")
        } catch {
            #expect(!error.errors.isEmpty && error.errors.allSatisfy { $0.code == .duplicateKey })
        }
    }

    @Test("random bytes and mangled files never trap", arguments: [UInt64](1...12))
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let text = Array(Self.tenant.utf8)
        for _ in 0..<25 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                case 2:
                    bytes.insert(
                        contentsOf: Array("${{:[]{}&*'\"\n- ".utf8).shuffled(using: &random).prefix(2), at: position)
                default:
                    let other = Int.random(in: 0..<bytes.count, using: &random)
                    bytes.replaceSubrange(min(position, other)..<max(position, other), with: [])
                    if bytes.isEmpty { bytes = [0x0A] }
                }
            }
            _ = Declared.faults(String(decoding: bytes, as: UTF8.self), Self.tenantFiles)
            let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!Declared.faults(String(decoding: noise, as: UTF8.self)).isEmpty)
        }
    }

    @Test("deep, large and self-referring files are refused in bounded time")
    func bombs() {
        let deep = "workflow: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(Declared.faults(deep).contains("nested more than 100 levels deep [tooLarge]"))
        #expect(Declared.faults("a: " + String(repeating: "{a: ", count: 100_000)).contains("[syntax]"))
        #expect(Declared.faults("# " + String(repeating: "x", count: 2_000_000)).contains("[tooLarge]"))
        var laughs = "a0: &a0 [x, x]\n"
        for level in 1..<40 { laughs += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(Declared.faults(laughs + "? *a39\n: 1\n").contains("aliases (*name)"))
        let chain = (0..<3000).map {
            "  s\($0): { uses: sleep, with: { duration: 1s }\($0 > 0 ? ", needs: [s\($0 - 1)]" : "") }"
        }
        #expect(Declared.faults("workflow: w\nsteps:\n" + chain.joined(separator: "\n")) == "")
    }
}
