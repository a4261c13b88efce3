import Foundation
import TestSupport
import Testing

extension AcceptanceTests {
    /// What an operator is told when the world does not play along, and that nothing is lost by it.
    @Suite struct FaultTests {
        @Test("a wrong token is told as one; bound anew, the run goes on")
        func wrongToken() async throws {
            let bench = try Bench(
                """
                workflow: token
                inputs: { url: string }
                secrets: [token]
                steps:
                  before: { uses: command.run, with: { command: ["true"], idempotent: true } }
                  charts:
                    uses: helm.repository
                    needs: [before]
                    with: { url: "${{ inputs.url }}", username: "${{ secrets.token }}", password: "${{ secrets.token }}" }
                """)
            let url = try bench.variable("SANDBOX_CHARTS_URL")
            let failed = try await bench.run(
                "-i", "url=\(url)", "--secret", "token=env:WRONG", with: ["WRONG": "not-this-one-4711"])
            #expect(failed.status == 1)
            #expect(failed.text.contains("charts"))
            #expect(failed.text.contains("401"))
            #expect(failed.text.contains("fix:"))
            #expect(!failed.text.contains("not-this-one-4711"))
            let resumed = try await bench.home.run("resume", "last", "--secret", "token=env:SANDBOX_CHARTS_PASSWORD")
            #expect(resumed.status == 0, "\(resumed.text)")
            let run = try await bench.home.show()
            #expect(run.steps.map(\.attempts) == [1, 2])
        }

        @Test("a chart that is not there is told with its name, at once")
        func chartNotFound() async throws {
            let bench = try Bench(
                """
                workflow: chart
                inputs: { url: string }
                steps:
                  app:
                    uses: helm.release
                    with: { release: nothing, namespace: fault-chart, create_namespace: true, chart: no-such-chart, repository: { url: "${{ inputs.url }}" } }
                """)
            let url = try bench.variable("SANDBOX_BITNAMI_URL")
            let failed = try await bench.run("-i", "url=\(url)")
            #expect(failed.status == 1)
            #expect(failed.text.contains("no-such-chart"))
            #expect(failed.text.contains("fix:"))
            #expect(try await bench.home.show().steps.first?.attempts == 1)
            let rollback = try await bench.home.run("rollback", "last")
            #expect(rollback.status == 0, "\(rollback.text)")
            #expect(!(try await bench.sandbox.kubectl("get", "namespaces", "-o", "name")).contains("fault-chart"))
        }

        @Test("an image that never starts is told with pod, container and image")
        func imageNeverStarts() async throws {
            let bench = try Bench(
                """
                workflow: image
                inputs: { url: string }
                defaults: { retry: { attempts: 1 } }
                steps:
                  redis:
                    uses: helm.release
                    with:
                      release: stuck
                      namespace: fault-image
                      create_namespace: true
                      chart: redis
                      repository: { url: "${{ inputs.url }}" }
                      values: { architecture: standalone, image: { repository: nobody/nothing } }
                      timeout: 15s
                """)
            let url = try bench.variable("SANDBOX_BITNAMI_URL")
            let failed = try await bench.run("-i", "url=\(url)")
            #expect(failed.status == 1)
            #expect(failed.text.contains("nobody/nothing"), "\(failed.text)")
            #expect(failed.text.contains("redis-master-0"), "\(failed.text)")
            let rollback = try await bench.home.run("rollback", "last")
            #expect(rollback.status == 0, "\(rollback.text)")
            try await bench.sandbox.kubectl(
                "delete", "namespace", "fault-image", "--ignore-not-found", "--timeout=120s")
        }

        @Test("an API server that is down is told as such, and the run goes on once it is back")
        func serverDown() async throws {
            let bench = try Bench(
                """
                workflow: down
                defaults: { retry: { attempts: 2, initial: 100ms } }
                steps:
                  settings:
                    uses: kubernetes.apply
                    with:
                      manifests:
                        - { apiVersion: v1, kind: ConfigMap, metadata: { name: fault-down, namespace: default }, data: { a: b } }
                """)
            // The same cluster, as a kubeconfig sees it whose server's port nobody listens on.
            let kubeconfig = try String(contentsOfFile: try bench.variable("KUBECONFIG"), encoding: .utf8)
                .replacing(/https:\/\/127\.0\.0\.1:[0-9]+/, with: "https://127.0.0.1:9")
            let path = "\(bench.folder)/kubeconfig"
            try Data(kubeconfig.utf8).write(to: URL(filePath: path))
            let failed = try await bench.run(with: ["KUBECONFIG": path])
            #expect(failed.status == 1)
            #expect(failed.text.contains("refused"), "\(failed.text)")
            #expect(failed.text.contains("fix:"))
            let resumed = try await bench.home.run("resume", "last")
            #expect(resumed.status == 0, "\(resumed.text)")
            try await bench.home.succeed("rollback", "last")
            #expect(
                try await bench.sandbox.kubectl("get", "configmap", "fault-down", "-n", "default", "--ignore-not-found")
                    .isEmpty)
        }
    }
}

/// A small workflow in a folder of its own, with a home.
private final class Bench: Sendable {
    let sandbox: Sandbox
    let home: Home
    let folder: String

    init(_ workflow: String) throws {
        sandbox = try Sandbox.require()
        home = try Home(sandbox)
        folder = home.path + "/bench"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(workflow.utf8).write(to: URL(filePath: folder + "/workflow.yaml"))
    }

    func variable(_ name: String) throws -> String { try #require(try sandbox.variables()[name]) }

    func run(_ arguments: String..., with variables: [String: String] = [:]) async throws -> Program.Result {
        try await home.start(["run", "\(folder)/workflow.yaml"] + arguments, with: variables).result()
    }
}
