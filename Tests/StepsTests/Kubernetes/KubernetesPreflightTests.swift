import Steps
import TestSupport
import Testing
import Workflow

@Suite(.timeLimit(.minutes(20)))
struct KubernetesPreflightTests {
    @Test("everything that is missing is told in one error", .enabled(if: TestCluster.isThere, TestCluster.hint))
    func allAtOnce() async throws {
        let step = try StepUnderTest(KubernetesPreflight(TestCluster.access()))
        let error = await #expect(throws: StepError.self) {
            _ = try await step.observe([
                "minimum_kubernetes": "1.99", "storage_class": "none-such", "ingress_class": "none-such",
                "hosts": ["api.nowhere.invalid", "localhost"], "permissions": ["create secrets", "nonsense"],
            ])
        }
        #expect(error?.kind == .permanent)
        for part in [
            "5 things are missing", "1.99.0 or newer is needed", "no storage class 'none-such'",
            "no ingress class 'none-such'",
            "'api.nowhere.invalid' does not resolve", "'nonsense' is no permission",
        ] {
            #expect(error?.message.contains(part) == true, "\(part)")
        }
    }

    @Test("facts and warnings of a cluster that will do", .enabled(if: TestCluster.isThere, TestCluster.hint))
    func facts() async throws {
        let step = try StepUnderTest(KubernetesPreflight(TestCluster.access()))
        let observation = try await step.observe(["needs_storage": false, "gpus": true])
        guard case .present(let output) = observation else {
            Issue.record("\(observation)")
            return
        }
        #expect(output.values["k8s_version"]?.stringValue?.hasPrefix("v1.") == true)
        #expect(output.values["nodes"]?.arrayValue?.isEmpty == false)
        #expect(output.values["helm_version"]?.stringValue?.isEmpty == false)
        #expect(step.log.count == output.values["warnings"]?.arrayValue?.count)
    }

    @Test("what this machine and the inputs lack is told with the rest, and nulls are nothing to ask for")
    func thisMachine() async throws {
        var access = try TestCluster.access()
        access.kubectl = "no-such-kubectl"
        let step = try StepUnderTest(KubernetesPreflight(access))
        let file = try step.directory.write("", to: "there.tgz")
        let error = await #expect(throws: StepError.self) {
            _ = try await step.observe([
                "conditions": ["the secret token": false, "the input size": true],
                "files": [.string(file), .string(file + ".gone"), .null],
                "programs": ["sh", "no-such-program", .null],
            ])
        }
        for part in ["the secret token\n", "the file '\(file).gone' is not there", "no program 'no-such-program'"] {
            #expect(error?.message.contains(part) == true, "\(part)")
        }
        for part in ["the input size", "'\(file)'", "'sh'"] {
            #expect(error?.message.contains(part) == false, "\(part)")
        }
        #expect(error?.message.contains("no-such-kubectl") == true)
    }

    @Test("programs that are not there and a server that does not answer are told together")
    func nothingThere() async throws {
        var access = try TestCluster.access()
        access.helm = "no-such-helm"
        access.kubectl = "no-such-kubectl"
        let step = try StepUnderTest(KubernetesPreflight(access))
        let error = await #expect(throws: StepError.self) { _ = try await step.observe([:]) }
        #expect(error?.kind == .permanent)
        #expect(error?.message.contains("no-such-helm") == true)
        #expect(error?.message.contains("no-such-kubectl") == true)
    }

    @Test(
        "a server that is down may come back",
        .enabled(if: TestCluster.isOnPath("kubectl") && TestCluster.isOnPath("helm"), "needs kubectl and helm"))
    func serverDown() async throws {
        let step = try StepUnderTest(KubernetesPreflight(TestCluster.access()))
        let kubeconfig = try step.directory.write(
            """
            apiVersion: v1
            kind: Config
            current-context: test
            clusters: [{name: test, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: admin, user: {token: none}}]
            contexts: [{name: test, context: {cluster: test, user: admin}}]
            """, to: "kubeconfig")
        let error = await #expect(throws: StepError.self) {
            _ = try await step.observe(["kubeconfig": .string(kubeconfig)])
        }
        #expect(error?.kind == .transient)
        #expect(error?.message.contains("1 thing is missing") == true)
        #expect(error?.message.contains("127.0.0.1:1") == true)
    }
}
