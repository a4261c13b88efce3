import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// The install in other surroundings: charts from elsewhere, another helm, servers that fail on the way.
    @Suite struct VariantTests {
        @Test("with helm 3 and charts from the OCI registry: installed, quiet, upgraded and back, and rolled back")
        func registryAndHelm3() async throws {
            let sandbox = try Sandbox.require()
            let home = try Home(sandbox, helm: "helm3")
            let before = try await sandbox.inventory()
            try await sandbox.resetStandIn()
            let variables = try sandbox.variables()
            let registry = try #require(variables["SANDBOX_REGISTRY"])
            let inputs = home.path + "/registry.yaml"
            try Data(
                """
                chart_source: oci
                oci: { host: "\(registry)", url: "oci://\(registry)/clearml/", plain_http: true }
                """.utf8
            ).write(to: URL(filePath: inputs))

            let text = try await home.succeed("run", "install", "-f", sandbox.inputs, "-f", inputs)
            #expect(text.contains("clearml_repository skipped"))
            try await InstallTests().check(home, sandbox)
            #expect(try await home.succeed("show", "last", "--json").contains(#""helm_version":"3."#))
            #expect(try await sandbox.requests().filter { $0.hasPrefix("charts/") } == [])

            let quiet = try await home.run("plan", "install", "-f", sandbox.inputs, "-f", inputs, "--json")
            #expect(try Plan(quiet.output).changing == [], "\(quiet.text)")

            let install = try await home.show().run
            try await upgradeAndBack(home, sandbox, inputs)
            let rollback = try await home.run("rollback", install)
            #expect(rollback.status == 0, "\(rollback.text)")
            let left = try await sandbox.inventory().filter { !before.contains($0) }
            for line in left {
                let name = line.split(separator: "/").last.map(String.init) ?? line
                #expect(rollback.text.contains(name), "\(line) stays behind, and the output does not say so")
            }
            try await sandbox.clearLeftovers(left)
        }

        private func upgradeAndBack(_ home: Home, _ sandbox: Sandbox, _ registry: String) async throws {
            let inputs = home.path + "/upgrade.yaml"
            let url = try #require(try sandbox.variables()["SANDBOX_API_URL"])
            try Data(
                """
                base_domain: clearml.example.com
                api_url: \(url)
                chart_versions: { server: 10.6.3, agent: 6.8.2, gateway: 1.6.1 }
                """.utf8
            ).write(to: URL(filePath: inputs))
            try await home.succeed(["run", "upgrade", "-f", inputs, "-f", registry] + UpgradeTests.system)
            func charts() async throws -> String { try await sandbox.helm("list", "-n", "clearml", "-o", "json") }
            #expect(try await charts().contains("clearml-enterprise-10.6.3"))
            try await home.succeed("rollback", "last")
            #expect(try await charts().contains("clearml-enterprise-10.6.2"))
            #expect(try await sandbox.requests().filter { $0.hasPrefix("charts/") } == [])
        }

        @Test("a version that the registry does not have is told before anything is installed")
        func wrongVersion() async throws {
            let sandbox = try Sandbox.require()
            let home = try Home(sandbox)
            let registry = try #require(try sandbox.variables()["SANDBOX_REGISTRY"])
            let inputs = home.path + "/registry.yaml"
            try Data(
                """
                chart_source: oci
                oci: { host: "\(registry)", url: "oci://\(registry)/clearml/", plain_http: true }
                chart_versions: { server: 9.9.9 }
                """.utf8
            ).write(to: URL(filePath: inputs))
            let plan = try await home.run("plan", "install", "-f", sandbox.inputs, "-f", inputs)
            #expect(plan.status != 0)
            #expect(plan.text.contains("the registry has no 'oci://\(registry)/clearml/clearml-enterprise@9.9.9'"))
        }

        @Test("a server of 3.21: a tenant is made and rolled back, made again and deleted, and nothing of it is left")
        func olderServer() async throws {
            let bench = try await TenantBench.ready(version: "3.21")
            let home = bench.home
            try standInForJobs(home)
            let before = try await bench.world()
            let pods = ["pods": ["apiserver": "deployment/api", "fileserver": "deployment/files"]]
            try await bench.create(pods)
            try await bench.check()
            try await home.succeed("rollback", "last")
            #expect(try await bench.world() == before)

            try await bench.create(pods)
            let company = try #require(try await bench.sandbox.serverState().companies(named: "acme").first).id
            try await home.succeed("tenant", "delete", "acme", "-i", "approval=false")
            #expect(try await bench.world() == before)
            #expect(try await bench.state() == "deleted")
            let jobs = try String(contentsOfFile: home.path + "/jobs", encoding: .utf8).split(separator: "\n")
            #expect(jobs.count == 6, "three for each of the two companies: \(jobs)")
            #expect(jobs.last?.contains("rm -rf /mnt/fileserver/\(company)") == true, "\(jobs)")
            let called = try await bench.sandbox.requests().filter { $0.contains("tenants.delete") }
            #expect(called == [])
        }

        /// Lets the stand-in do what the jobs do that an older server comes with: there is only busybox in its pods.
        private func standInForJobs(_ home: Home) throws {
            let api = try #require(try home.sandbox.variables()["SANDBOX_API_URL"])
            try home.wrap("kubectl") { kubectl in
                """
                case "$*" in
                *delete_company_data_from_mongo*)
                    echo "$*" >>'\(home.path)/jobs'
                    while [ "$1" != --id ]; do shift; done
                    exec curl -sf -X POST '\(api)/_sandbox/companies/'"$2"/remove ;;
                *cleanup_deleted_companies*|*/mnt/fileserver/*)
                    echo "$*" >>'\(home.path)/jobs'
                    exit 0 ;;
                esac
                exec '\(kubectl)' "$@"
                """
            }
        }

        @Test("servers that fail on the way cost attempts; an expired token stops the run, and a new one resumes it")
        func faults() async throws {
            let sandbox = try Sandbox.require()
            let home = try Home(sandbox)
            let before = try await sandbox.inventory()
            try await sandbox.resetStandIn()
            do {
                try await installThroughFaults(home, sandbox)
                try await sandbox.resetStandIn()
            } catch {
                try await sandbox.resetStandIn()
                throw error
            }
            let rollback = try await home.run("rollback", "last")
            #expect(rollback.status == 0, "\(rollback.text)")
            try await sandbox.clearLeftovers(try await sandbox.inventory().filter { !before.contains($0) })
        }

        private func installThroughFaults(_ home: Home, _ sandbox: Sandbox) async throws {
            let token = try #require(try sandbox.variables()["SANDBOX_CHARTS_PASSWORD"])
            let kubeconfig = try #require(try sandbox.variables()["KUBECONFIG"])
            try FileManager.default.copyItem(atPath: kubeconfig, toPath: home.kubeconfig)
            // What passes by itself: busy and broken proxies, a page in place of an answer, transfers that break off.
            try await sandbox.arm([
                Sandbox.Fault(endpoint: "charts/index.yaml", kind: "status", status: 503),
                Sandbox.Fault(endpoint: "charts/index.yaml", kind: "status", status: 200),
                Sandbox.Fault(endpoint: "downloads/nvidia/index.yaml", kind: "status", status: 429),
                Sandbox.Fault(endpoint: "downloads/bitnami/redis-17.8.3.tgz", kind: "cut"),
                Sandbox.Fault(endpoint: "downloads/apps.zip", kind: "cut"),
                Sandbox.Fault(endpoint: "downloads/apps.zip", kind: "status", status: 502),
            ])
            // What does not: from the server's chart on, the token is no longer good.
            try await sandbox.arm([
                Sandbox.Fault(endpoint: "charts/clearml-enterprise-*", kind: "status", status: 401, count: nil)
            ])
            let failed = try await home.run("run", "install", "-f", sandbox.inputs)
            #expect(failed.status == 1, "\(failed.text)")
            #expect(failed.text.contains("clearml-enterprise-10.6.2.tgz : 401"), "\(failed.text)")
            #expect(failed.text.contains("whether it has expired"))
            #expect(!failed.text.contains(token))
            #expect(try await sandbox.faultsLeft() == [])
            let stopped = try await home.show()
            #expect(stopped.steps.filter { $0.status == "failed" }.map(\.id) == ["server"])

            // Whoever resumes it has another cluster as the current one.
            for command in [
                ["set-cluster", "elsewhere", "--server=https://127.0.0.1:9"],
                ["set-context", "elsewhere", "--cluster=elsewhere"], ["use-context", "elsewhere"],
            ] {
                try await sandbox.kubectl(["--kubeconfig", home.kubeconfig, "config"] + command)
            }

            // The old token is good for nothing any more, so whoever still uses it fails for good.
            try await sandbox.disarm()
            try await sandbox.renewChartsToken("renewed-4711")
            try await sandbox.arm([
                Sandbox.Fault(endpoint: "debug.ping", kind: "status", status: 503),
                Sandbox.Fault(endpoint: "users.get_current_user", kind: "status", status: 429),
                Sandbox.Fault(endpoint: "users.get_current_user", kind: "delay", delayMilliseconds: 1500),
                // The second of three uploads is carried out, and its reply lost.
                Sandbox.Fault(endpoint: "apps.upload", kind: "lose-reply", after: 1),
            ])
            let resumed = try await home.start(
                ["resume", "last", "--secret", "helm_repo_token=env:RENEWED"], with: ["RENEWED": "renewed-4711"]
            ).result()
            #expect(resumed.status == 0, "\(resumed.text)")
            #expect(!resumed.text.contains("renewed-4711"))
            #expect(try await sandbox.faultsLeft() == [])
            try await InstallTests().check(home, sandbox)
            let run = try await home.show()
            let attempts = run.steps.filter { $0.attempts > 1 }.map { "\($0.id) \($0.attempts)" }
            #expect(
                attempts == [
                    "clearml_repository 3", "nvidia_repository 2", "redis 2", "server 2", "apps_archive 3",
                    "applications 2",
                ])
            #expect(try await sandbox.applications() == ["hpo", "jupyter-lab", "vscode"])
        }
    }
}
