import Foundation
import Steps
import TestSupport
import Testing
import Workflow

@Suite(.enabled(if: TestCluster.isThere && !TestCluster.helms.isEmpty, TestCluster.hint), .timeLimit(.minutes(20)))
struct HelmReleaseTests {
    func step(_ helm: String) throws -> StepUnderTest {
        try StepUnderTest(
            HelmRelease(TestCluster.access(helm: helm), versions: HelmVersionCache(), now: { Date() }))
    }

    func parameters(_ namespace: String, chart: String, _ values: [String: Value] = [:]) -> [String: Value] {
        parameters(namespace, "shop", chart, values)
    }

    func parameters(
        _ namespace: String, _ release: String, _ chart: String, _ values: [String: Value]
    ) -> [String: Value] {
        [
            "release": .string(release), "namespace": .string(namespace), "create_namespace": true,
            "chart": .string(chart), "values": .object(values), "timeout": "120s",
        ]
    }

    @Test("installed, adopted, upgraded, rolled back, uninstalled", arguments: TestCluster.helms)
    func life(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: step.directory)
            var input = parameters(namespace, chart: chart, ["password": "s3cret", "colour": "red"])
            let (output, prior) = try await step.run(input)
            #expect(output.values["revision"] == 1)
            #expect(output.values["chart_version"] == "1.2.3")
            #expect(output.values["app_version"] == "9.9")
            #expect(output.values["fullname"] == "shop-web")
            #expect(output.values["objects"]?.arrayValue?.contains("Deployment shop") == true)
            #expect(step.log.contains("Enjoy shop."))
            #expect(try await step.observe(input) == .present(output))

            input["values"] = ["password": "other", "colour": "green"]
            let second = try await step.observe(input)
            #expect(
                second.changes == [
                    Change("release \(namespace)/shop values colour", from: "red", to: "green"),
                    Change("release \(namespace)/shop values password", from: "(hidden)", to: "(hidden)"),
                ])
            #expect(try await step.apply(input, prior: second.prior).values["revision"] == 2)
            #expect(try await step.observe(input).isPresent)

            #expect(try await step.revert(input, prior: second.prior) == [])
            let colour = "jsonpath={.data.colour}"
            #expect(
                try await TestCluster.kubectl("get", "configmap", "shop-settings", "-n", namespace, "-o", colour)
                    == "red")
            let history = try await TestCluster.kubectl(
                "get", "secret", "-n", namespace, "-l", "owner=helm", "-o", "name")
            #expect(try await step.revert(input, prior: second.prior) == [])
            #expect(
                try await TestCluster.kubectl("get", "secret", "-n", namespace, "-l", "owner=helm", "-o", "name")
                    == history,
                "a revert that was done is not done again")

            #expect(try await step.revert(input, prior: prior) == [])
            #expect(
                try await TestCluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "")
            #expect(try await step.revert(input, prior: prior) == [])
        }
    }

    @Test("what is changed by hand is shown, that and nothing else, and mended", arguments: TestCluster.helms)
    func drift(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: step.directory)
            let input = parameters(namespace, chart: chart)
            _ = try await step.run(input)
            try await TestCluster.kubectl("scale", "deployment", "shop", "-n", namespace, "--replicas=2")
            #expect(
                try await step.observe(input).changes == [
                    Change("Deployment \(namespace)/shop spec.replicas", from: 2, to: 1)
                ])
            var lenient = input
            lenient["ignore"] = [.string("Deployment \(namespace)/shop spec.replicas")]
            #expect(try await step.observe(lenient).isPresent)

            try await TestCluster.kubectl("scale", "deployment", "shop", "-n", namespace, "--replicas=1")
            try await TestCluster.kubectl("set", "env", "deployment/shop", "-n", namespace, "COLOUR=pink")
            #expect(
                try await step.observe(input).changes == [
                    Change(
                        "Deployment \(namespace)/shop spec.template.spec.containers[main].env[COLOUR].value",
                        from: "pink", to: "blue")
                ])
            try await TestCluster.kubectl("delete", "service", "shop", "-n", namespace)
            try await TestCluster.kubectl(
                "patch", "secret", "shop-secret", "-n", namespace, "-p={\"stringData\":{\"password\":\"changed\"}}")
            let three = try await step.observe(input)
            #expect(
                three.changes.map(\.path).sorted() == [
                    "Deployment \(namespace)/shop spec.template.spec.containers[main].env[COLOUR].value",
                    "Secret \(namespace)/shop-secret data.password", "Service shop",
                ])
            #expect(!three.changes.description.contains("Y2hhbmdlZA"))

            var forced = input
            forced["force_conflicts"] = true
            _ = try await step.apply(forced, prior: three.prior)
            #expect(try await step.observe(input).changes == [])
        }
    }

    @Test("a helm killed in the midst of an install, then of an upgrade, is no obstacle", arguments: TestCluster.helms)
    func killed(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: step.directory)
            let input = parameters(namespace, chart: chart, ["colour": "green"])
            let first = try await step.observe(input)
            try await kill(helm, namespace, chart, "--set=colour=green,delay=60")
            let uid = try await TestCluster.kubectl(
                "get", "configmap", "shop-settings", "-n", namespace, "-o", "jsonpath={.metadata.uid}")
            #expect(
                try await step.observe(input).changes == [
                    Change("release \(namespace)/shop status", from: "pending-install", to: "deployed")
                ])
            _ = try await step.apply(input, prior: first.prior)
            #expect(try await step.observe(input).isPresent)
            #expect(
                try await TestCluster.kubectl(
                    "get", "configmap", "shop-settings", "-n", namespace, "-o", "jsonpath={.metadata.uid}") == uid,
                "what the dead helm had made is adopted, not made anew")

            let blue = parameters(namespace, chart: chart, ["colour": "blue"])
            let second = try await step.observe(blue)
            try await kill(helm, namespace, chart, "--set=colour=blue,delay=60")
            #expect(
                try await step.observe(blue).changes == [
                    Change("release \(namespace)/shop status", from: "pending-upgrade", to: "deployed")
                ])
            _ = try await step.apply(blue, prior: second.prior)
            #expect(try await step.observe(blue).isPresent)

            try await kill(helm, namespace, chart, "--set=colour=pink,delay=60")
            #expect(try await step.revert(blue, prior: second.prior) == [])
            #expect(try await step.observe(input).isPresent, "as it was deployed before the upgrade")

            try await kill(helm, namespace, chart, "--set=colour=pink,delay=60")
            #expect(try await step.revert(input, prior: first.prior) == [])
            #expect(
                try await TestCluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "")
        }
    }

    @Test(
        "an upgrade whose helm died half-way is rolled back, also where the helm of the rollback dies",
        arguments: TestCluster.helms)
    func killedUpgrade(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: step.directory)
            let green = parameters(namespace, chart: chart, ["colour": "green", "delay": 5])
            _ = try await step.run(green)
            let uid = try await settings(namespace, "metadata.uid")

            let blue = parameters(namespace, chart: chart, ["colour": "blue", "delay": 60])
            let prior = try await step.observe(blue).prior
            try await kill(helm, namespace, chart, "--set=colour=blue,delay=60")
            #expect(try await settings(namespace, "data.colour") == "blue", "it has changed something")
            #expect(try await revisions(namespace) == ["1 deployed", "2 pending-upgrade"])

            // The pod that was ready before the upgrade still is: without it there is something to wait for.
            try await TestCluster.kubectl("delete", "pods", "--all", "-n", namespace, "--wait=false")
            try await kill(helm, namespace, once: 5, ["rollback", "shop", "1", "--wait"])
            #expect(try await revisions(namespace).last == "3 pending-rollback")
            #expect(try await step.revert(blue, prior: prior) == [])
            #expect(try await step.observe(green).isPresent)
            #expect(try await settings(namespace, "data.colour") == "green")
            #expect(try await settings(namespace, "metadata.uid") == uid, "nothing was made anew")
            let after = try await revisions(namespace)
            #expect(after.last == "4 deployed")

            #expect(try await step.revert(blue, prior: prior) == [])
            #expect(try await revisions(namespace) == after, "a revert that was done is not done again")
            // And the release is on its feet.
            _ = try await step.run(parameters(namespace, chart: chart, ["colour": "red"]))
            #expect(try await settings(namespace, "data.colour") == "red")
        }
    }

    private func settings(_ namespace: String, _ path: String) async throws -> String {
        try await TestCluster.kubectl(
            "get", "configmap", "shop-settings", "-n", namespace, "-o", "jsonpath={.\(path)}")
    }

    /// Number and status of each revision, as helm has written them.
    private func revisions(_ namespace: String) async throws -> [String] {
        let path = #"jsonpath={range .items[*]}{.metadata.labels.version} {.metadata.labels.status}{"\n"}{end}"#
        let lines = try await TestCluster.kubectl("get", "secret", "-n", namespace, "-l", "owner=helm", "-o", path)
        return lines.split(whereSeparator: \.isNewline).map(String.init).sorted()
    }

    @Test("a pending release that another helm may still be at work on is left to it", arguments: TestCluster.helms)
    func foreign(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: step.directory)
            let input = parameters(namespace, chart: chart)
            try await kill(helm, namespace, chart, "--set=delay=60")
            let prior = try await step.observe(input).prior
            let error = await #expect(throws: StepError.self) { _ = try await step.apply(input, prior: prior) }
            #expect(error?.kind == .transient)
            #expect(error?.message.contains("another helm has begun revision 1") == true)

            let later = try StepUnderTest(
                HelmRelease(
                    TestCluster.access(helm: helm), versions: HelmVersionCache(),
                    now: { Date().addingTimeInterval(3600) }))
            _ = try await later.apply(input, prior: prior)
            #expect(try await step.observe(input).isPresent)
            #expect(try await step.revert(input, prior: prior).first?.contains("stays as it is") == true)
            #expect(try await step.observe(input).isPresent, "what this run did not create is never uninstalled")
        }
    }

    @Test("a release that does not get ready says which pod and container waits for what", arguments: TestCluster.helms)
    func notReady(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.web, to: step.directory)
            let noImage = try await failure(
                of: step, parameters(namespace, "no-image", chart, ["image": "registry.invalid/shop:9"]),
                once: "{.status.containerStatuses[0].state.waiting.message}")
            #expect(noImage.kind == .timedOut)
            #expect(noImage.object == "release \(namespace)/no-image")
            #expect(noImage.message.contains("container 'main' cannot get its image 'registry.invalid/shop:9'"))
            #expect(noImage.message.contains("volume claim \(namespace)/no-image-data: is Pending"))

            let bare = try TestChart.write(TestChart.webWithoutClaim, to: step.directory, "bare")
            let crash = try await failure(
                of: step, parameters(namespace, "crash", bare, ["command": "echo no database; exit 3"]),
                once: "{.status.containerStatuses[0].lastState.terminated.exitCode}")
            #expect(crash.message.contains("exit status 3"))
            #expect(crash.message.contains("no database"))

            var input = parameters(
                namespace, "waiting", bare, ["init": "echo waiting for the database; exec sleep 3600"])
            let waiting = try await failure(
                of: step, input, once: "{.status.initContainerStatuses[0].state.running.startedAt}")
            #expect(waiting.message.contains("init container 'prepare' (Init:0/1) is still running"))
            #expect(waiting.message.contains("waiting for the database"))

            try await saysWhileItWaits(helm, input)
            input["values"] = [:]
            _ = try await step.run(input)
            #expect(try await step.observe(input).isPresent)
        }
    }

    /// What a release waits for is in the log long before its time is up.
    private func saysWhileItWaits(_ helm: String, _ input: [String: Value]) async throws {
        let step = try StepUnderTest(
            HelmRelease(
                TestCluster.access(helm: helm), versions: HelmVersionCache(), now: { Date() },
                reportInterval: .milliseconds(200)))
        let waiting = Task { try await step.apply(input) }
        try await until("the log tells", limit: .seconds(100)) {
            step.log.contains { $0.contains("init container 'prepare' (Init:0/1) is still running") }
        }
        waiting.cancel()
        let error = await #expect(throws: StepError.self) { _ = try await waiting.value }
        #expect(error?.kind == .cancelled)
    }

    /// What a release says that waits in vain, once its pod has come so far that there is something to say: whoever
    /// waits for the state itself needs no time limit that fits the machine.
    ///
    /// - Parameter path: What there must be of the pod.
    private func failure(
        of step: StepUnderTest, _ input: [String: Value], once path: String
    ) async throws -> StepError {
        var input = input
        input["wait"] = false
        _ = try await step.run(input)
        let place = [
            "pod", "-l", "app=\(input["release"]?.stringValue ?? "")", "-n", input["namespace"]?.stringValue ?? "",
            "--timeout=180s",
        ]
        try await TestCluster.kubectl(["wait", "--for=create"] + place)
        try await TestCluster.kubectl(["wait", "--for=jsonpath=\(path)"] + place)
        input["wait"] = true
        input["timeout"] = "3s"
        // The values are as they were, so it is the wait that makes the difference.
        return try #require(await #expect(throws: StepError.self) { _ = try await step.apply(input) })
    }

    @Test("what an uninstall leaves behind is told", .serialized, arguments: TestCluster.helms)
    func leftovers(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.leaver, to: step.directory)
            var input = parameters(namespace, chart: chart)
            input["wait"] = false
            let prior = try await step.run(input).prior
            try await TestCluster.kubectl("wait", "pvc/data-store-0", "-n", namespace, "--for=create", "--timeout=30s")
            let left = try await step.revert(input, prior: prior)
            #expect(
                left.map { $0.prefix { $0 != ":" } } == [
                    "ConfigMap \(namespace)/kept stays", "ConfigMap \(namespace)/prepared stays",
                    "CustomResourceDefinition toys.leaver.example.com stays",
                    "PersistentVolumeClaim \(namespace)/data-store-0 stays", "namespace \(namespace) stays",
                ])
            try await TestCluster.kubectl("delete", "crd", "toys.leaver.example.com")
        }
    }

    @Test("values and arguments hold no secret where other users can see them", arguments: TestCluster.helms)
    func secretsInArguments(helm: String) async throws {
        try await TestCluster.withNamespace { namespace in
            let step = try step(helm)
            let chart = try TestChart.write(TestChart.webWithoutClaim, to: step.directory)
            let input = parameters(namespace, chart: chart, ["password": "visible-nowhere"])
            let recorder = RecordingRunner(ProcessRunner(environment: TestCluster.environment))
            let access = ClusterAccess(
                processes: recorder, files: try PrivateFiles(environment: TestCluster.environment), helm: helm,
                kubeconfig: TestCluster.kubeconfig)
            let recorded = try StepUnderTest(HelmRelease(access, versions: HelmVersionCache(), now: { Date() }))
            let (_, prior) = try await recorded.run(input)
            _ = try await recorded.observe(input)
            _ = try await recorded.revert(input, prior: prior)
            #expect(recorder.arguments.count > 5)
            #expect(!recorder.arguments.contains { $0.contains("visible-nowhere") })
            #expect(!recorded.log.contains { $0.contains("visible-nowhere") })
        }
    }

    /// Starts an upgrade that never gets ready, and kills helm with SIGKILL once the Deployment is there in this form.
    private func kill(_ helm: String, _ namespace: String, _ chart: String, _ set: String) async throws {
        try await kill(
            helm, namespace, once: 60, ["upgrade", "shop", chart, "--install", "--create-namespace", "--wait", set])
    }

    /// Starts helm, and kills it with SIGKILL once the Deployment's pods are to wait so many seconds.
    private func kill(_ helm: String, _ namespace: String, once delay: Int, _ arguments: [String]) async throws {
        let script = """
            program=$1 namespace=$2 delay=$3
            shift 3
            "$program" --kubeconfig "$KUBECONFIG" -n "$namespace" "$@" >/dev/null 2>&1 &
            helm=$!
            kubectl wait deployment/shop -n "$namespace" --for=create --timeout=60s &&
            kubectl wait deployment/shop -n "$namespace" --timeout=60s \
                --for="jsonpath={.spec.template.spec.containers[0].readinessProbe.initialDelaySeconds}=$delay"
            ended=$?
            kill -KILL $helm
            exit $ended
            """
        var request = ProcessRequest(
            "sh", ["-c", script, "sh", helm, namespace, "\(delay)"] + arguments, timeout: .seconds(60))
        request.environment = ["KUBECONFIG": TestCluster.kubeconfig]
        _ = try await ProcessRunner(environment: TestCluster.environment).run(request).requireSuccess(of: request)
    }
}
