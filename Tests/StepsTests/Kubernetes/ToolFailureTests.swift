import Steps
import Testing
import Workflow

struct ToolFailureTests {
    @Test(
        "what the programs say becomes a typed error",
        arguments: [
            (
                "The connection to the server 127.0.0.1:1 was refused - dial tcp: connect: connection refused",
                StepError.Kind.transient
            ),
            (
                "Error: INSTALLATION FAILED: Kubernetes cluster unreachable: Get \"https://x\": dial tcp: i/o timeout",
                .transient
            ),
            (
                "Error from server (Forbidden): secrets \"x\" is forbidden: unable to create new content in namespace y because it is being terminated",
                .transient
            ),
            ("Error from server (Forbidden): pods is forbidden: User \"a\" cannot list resource", .permanent),
            ("error: You must be logged in to the server (Unauthorized)", .permanent),
            ("Unable to connect to the server: x509: certificate signed by unknown authority", .permanent),
            ("error: context \"nope\" does not exist", .permanent),
            (
                "Error: looks like \"http://x\" is not a valid chart repository or cannot be reached: failed to fetch http://x/index.yaml : 401 Unauthorized",
                .permanent
            ),
            (
                "Error: chart \"nope\" matching 1.2.3 not found in charts index. (try 'helm repo update'): no chart version found",
                .permanent
            ),
            ("Error: chart requires kubeVersion: >=1.99.0-0 which is incompatible with Kubernetes v1.20.2", .permanent),
            (
                "error: Apply failed with 1 conflict: conflict with \"kubectl\" using v1: .data.a\nPlease review the fields above--they",
                .conflict
            ),
            (
                "Error: Unable to continue with install: ConfigMap \"a\" exists and cannot be imported into the current release",
                .conflict
            ),
            ("Error: UPGRADE FAILED: context deadline exceeded", .timedOut),
            ("Error: execution error at (web/templates/a.yaml:1:4): set a password", .permanent),
            ("Error from server (Invalid): Service \"a\" is invalid: spec.ports: Required value", .permanent),
            ("error: unable to upgrade connection: container not found (\"driver\")", .transient),
            ("Error from server (NotFound): pods \"nvidia-driver-daemonset-nn9m4\" not found", .transient),
            ("Error: something never heard of", .transient),
        ])
    func kinds(text: String, kind: StepError.Kind) {
        #expect(ToolFailure(tool: "helm", object: "release a/b").error(saying: text).kind == kind)
    }

    @Test(
        "what chart servers say has a remedy that fits them",
        arguments: [
            ("failed to fetch http://x/index.yaml : 401 Unauthorized", StepError.Kind.permanent, "expired"),
            ("failed to fetch http://x/a-1.tgz : 403 Forbidden", .permanent, "access to these charts"),
            ("failed to fetch http://x/index.yaml : 503 Service Unavailable", .transient, "the server of the charts"),
            ("Get \"http://x/index.yaml\": EOF", .transient, "the server of the charts"),
            (
                "failed to perform \"FetchReference\" on source: x/clearml/a:1.0.0: not found", .permanent,
                "the chart's name"
            ),
            (
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type repo.IndexFile",
                .transient, "no server of charts"
            ),
            (
                "file '/tmp/a.tgz' does not appear to be a gzipped archive; got 'text/html; charset=utf-8'",
                .transient, "no server of charts"
            ),
            ("chart \"nope\" matching 1.2.3 not found in charts index", .permanent, "the chart's name"),
        ])
    func charts(text: String, kind: StepError.Kind, remedy: String) {
        let error = ToolFailure(tool: "helm", object: "chart a", place: .charts).error(saying: text)
        #expect(error.kind == kind)
        #expect(error.remedy?.contains(remedy) == true, "\(error.remedy ?? "")")
    }

    @Test("warnings, log marks and advice are left out of the message")
    func tidied() {
        let text = """
            W1123 02:57:55.1 warnings.go:70] old API
            WARNING: version skew
            Error: UPGRADE FAILED: it did not work
            Please review the fields above--they currently have other managers.
            """
        #expect(ToolFailure.tidied(text) == "UPGRADE FAILED: it did not work")
        #expect(ToolFailure.tidied("") == "it failed and said nothing")
    }
}
