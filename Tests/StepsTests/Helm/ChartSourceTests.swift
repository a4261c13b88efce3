import Foundation
import Steps
import TestSupport
import Testing
import Workflow

/// Charts from a real repository and a real registry, both with passwords.
@Suite(
    .enabled(if: TestCluster.isThere && !TestCluster.helms.isEmpty, TestCluster.hint),
    .enabled(if: TestCluster.isOnPath("python3"), "needs python3"), .timeLimit(.minutes(20)))
struct ChartSourceTests {
    static let helms = TestCluster.helms

    func repository(_ port: Int, password: String = ChartServers.password) -> [String: Value] {
        [
            "url": .string("http://127.0.0.1:\(port)"), "username": .string(ChartServers.username),
            "password": .string(password),
        ]
    }

    /// Packs the chart `web`, and returns the file.
    func pack(_ directory: TemporaryDirectory, _ helm: String) async throws -> String {
        let chart = try TestChart.write(TestChart.webWithoutClaim, to: directory)
        let folder = directory.file("repository")
        let calls = Helm(try TestCluster.access(helm: helm), dataDirectory: directory.path)
        try await calls.run(["package", chart, "--destination", folder], onCluster: false)
        try await calls.run(["repo", "index", folder], onCluster: false)
        return "\(folder)/web-1.2.3.tgz"
    }

    @Test("a repository's charts are found and installed; wrong names and passwords are told", arguments: helms)
    func repository(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let directory = try TemporaryDirectory()
            _ = try await pack(directory, helm)
            let server = try await ChartServers.repository(directory)
            let access = try TestCluster.access(helm: helm)
            let step = try StepUnderTest(HelmRepository(access))
            var input = repository(server.port)
            input["charts"] = ["web", "web@1.2.3"]
            guard case .present(let output) = try await step.observe(input) else {
                Issue.record("a repository that can be read is present")
                return
            }
            #expect(output.values["url"] == input["url"])
            #expect(output.secrets == ["username": ChartServers.username, "password": ChartServers.password])

            input["charts"] = ["nope", "web@9.9.9", "web"]
            let missing = await #expect(throws: StepError.self) { _ = try await step.observe(input) }
            #expect(missing?.message == "the repository has no 'nope', nor 'web@9.9.9'")
            let refused = await #expect(throws: StepError.self) {
                _ = try await step.observe(repository(server.port, password: "wrong"))
            }
            #expect(refused?.kind == .permanent)
            #expect(refused?.remedy?.contains("password") == true)
            #expect(refused?.message.contains("wrong") == false)

            let release = try StepUnderTest(HelmRelease(access, versions: HelmVersionCache(), now: { Date() }))
            var wanted: [String: Value] = [
                "release": "shop", "namespace": .string(namespace), "create_namespace": true, "chart": "web",
                "version": "1.2.3", "repository": .object(repository(server.port)), "timeout": "90s",
            ]
            let (_, prior) = try await release.run(wanted)
            #expect(try await release.observe(wanted).isPresent)
            wanted["version"] = "1.2.4"
            #expect(
                try await release.observe(wanted).changes == [
                    Change("release \(namespace)/shop chart version", from: "1.2.3", to: "1.2.4")
                ])
            let noVersion = await #expect(throws: StepError.self) { _ = try await release.apply(wanted, prior: prior) }
            #expect(noVersion?.kind == .permanent)
            #expect(noVersion?.remedy?.contains("version") == true)

            await server.stop()
            let down = await #expect(throws: StepError.self) { _ = try await step.observe(repository(server.port)) }
            #expect(down?.kind == .transient)
            try expectNoSecret(below: directory.path, except: ["users", "server.py"])
            try expectNoSecret(below: release.directory.path)
        }
    }

    @Test(
        "a registry's login is checked, and its charts are installed",
        .enabled(if: TestCluster.isOnPath("docker-registry"), "needs docker-registry"), arguments: helms)
    func registry(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let directory = try TemporaryDirectory()
            let chart = try await pack(directory, helm)
            let server = try await ChartServers.registry(directory)
            let access = try TestCluster.access(helm: helm)
            let login = RegistryAccess(
                host: "127.0.0.1:\(server.port)", username: ChartServers.username, password: ChartServers.password,
                plainHTTP: true)
            try await access.files.withDirectory { place in
                let credentials = try HelmCredentials(login, in: place)
                let helm = Helm(access, dataDirectory: directory.path)
                try await helm.run(
                    ["push", chart, "oci://\(login.host)/charts", "--plain-http"], credentials: credentials,
                    onCluster: false)
            }
            let step = try StepUnderTest(HelmRegistry(access))
            var registry: [String: Value] = [
                "host": .string(login.host), "username": .string(ChartServers.username),
                "password": .string(ChartServers.password), "plain_http": true,
            ]
            #expect(try await step.observe(registry).isPresent)
            let place = "oci://\(login.host)/charts"
            registry["charts"] = [.string("\(place)/web@1.2.3"), .string("\(place)/web")]
            #expect(try await step.observe(registry).isPresent)
            registry["charts"] = [.string("\(place)/nope"), .string("\(place)/web@9.9.9")]
            let missing = await #expect(throws: StepError.self) { _ = try await step.observe(registry) }
            #expect(missing?.kind == .permanent)
            #expect(missing?.message == "the registry has no '\(place)/nope', nor '\(place)/web@9.9.9'")
            registry["charts"] = nil

            let release = try StepUnderTest(HelmRelease(access, versions: HelmVersionCache(), now: { Date() }))
            var wanted: [String: Value] = [
                "release": "shop", "namespace": .string(namespace), "create_namespace": true,
                "chart": .string("oci://\(login.host)/charts/web"), "version": "1.2.3", "registry": .object(registry),
                "timeout": "90s",
            ]
            _ = try await release.run(wanted)
            #expect(try await release.observe(wanted).isPresent)
            wanted["version"] = "7.7.7"
            let noVersion = await #expect(throws: StepError.self) { _ = try await release.apply(wanted) }
            #expect(noVersion?.kind == .permanent)

            registry["password"] = "wrong"
            let refused = await #expect(throws: StepError.self) { _ = try await step.observe(registry) }
            #expect(refused?.kind == .permanent)
            try expectNoSecret(below: release.directory.path)
            await server.stop()
        }
    }

    @Test("a chart that is not there, or not of this version, is told before anything is done", arguments: helms)
    func local(helm: String) async throws {
        let step = try StepUnderTest(
            HelmRelease(TestCluster.access(helm: helm), versions: HelmVersionCache(), now: { Date() }))
        var wanted: [String: Value] = [
            "release": "shop", "namespace": "default", "chart": "/nowhere/billing-1.0.0.tgz",
        ]
        let missing = await #expect(throws: StepError.self) { _ = try await step.apply(wanted) }
        #expect(missing?.kind == .permanent)
        #expect(missing?.object == "chart /nowhere/billing-1.0.0.tgz")
        wanted["chart"] = .string(try TestChart.write(TestChart.web, to: step.directory))
        wanted["version"] = "1.1.0"
        let other = await #expect(throws: StepError.self) { _ = try await step.apply(wanted) }
        #expect(other?.message == "the chart's version is 1.2.3, and 1.1.0 is asked for")
        wanted["chart"] = "alias/web"
        wanted["repository"] = ["url": "http://127.0.0.1:1"]
        let alias = await #expect(throws: StepError.self) { _ = try await step.observe(wanted) }
        #expect(alias?.remedy == "write 'web'")
    }

    /// No file below the folder holds the password, as it is or in base64.
    private func expectNoSecret(below folder: String, except names: Set<String> = []) throws {
        let pair = "\(ChartServers.username):\(ChartServers.password)"
        let secrets = [ChartServers.password, Data(pair.utf8).base64EncodedString()].map { Data($0.utf8) }
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder)
        where !names.contains(path) {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(path)") else { continue }
            #expect(!secrets.contains { data.range(of: $0) != nil }, "\(path)")
        }
    }
}
