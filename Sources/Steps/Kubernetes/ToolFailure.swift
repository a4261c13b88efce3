import Foundation
package import Workflow

/// Makes a typed error of what kubectl or helm said when they failed.
///
/// Both print prose, no codes, so the prose is what there is to go by. What is not recognised counts as transient: a
/// retry too many is cheaper than a run that stops over a hiccup.
package struct ToolFailure {
    /// `kubectl` or `helm`.
    package let tool: String
    /// What was worked on.
    package let object: String?
    /// Whom the program talked to: the same words call for another remedy there.
    package let place: Place

    package enum Place: Sendable {
        case cluster
        /// A chart repository, an OCI registry, or a chart's file.
        case charts
    }

    package init(tool: String, object: String?, place: Place = .cluster) {
        self.tool = tool
        self.object = object
        self.place = place
    }

    /// The error for a program that ended with a status other than 0, or did not end as it should.
    package func error(_ failure: ProcessFailure) -> StepError {
        guard case .exited = failure.kind else { return StepError(failure, object: object) }
        return error(saying: failure.result?.error.text ?? failure.message)
    }

    /// The error for what a program printed on standard error.
    package func error(saying text: String) -> StepError {
        let words = Self.tidied(text)
        let rules = place == .charts ? Self.chartRules + Self.rules : Self.rules
        guard let rule = rules.first(where: { $0.matches(words) }) else {
            return StepError(.transient, "\(tool): \(words)", object: object)
        }
        return StepError(rule.kind, "\(tool): \(words)", object: object, remedy: rule.remedy)
    }

    /// The text without the programs' decoration and warnings, at most its last 20 lines.
    package static func tidied(_ text: String) -> String {
        // What follows is a page on how kubectl is used.
        let told = text.range(of: "\nPlease review the fields above").map { text[..<$0.lowerBound] } ?? text[...]
        let lines = told.split(whereSeparator: \.isNewline).filter { line in
            !line.hasPrefix("WARNING: ") && !line.hasPrefix("Warning: ") && !line.hasPrefix("level=")
                && !line.hasPrefix("Hang tight") && !line.hasPrefix("Update Complete.")
                && line.firstMatch(of: /^[EWI]\d{4} [\d:.]+/) == nil
        }
        let said = (lines.isEmpty ? text.split(whereSeparator: \.isNewline) : lines).suffix(20)
            .map { line in
                for prefix in ["Error: ", "error: "] where line.hasPrefix(prefix) {
                    return String(line.dropFirst(prefix.count))
                }
                return String(line)
            }
        return said.isEmpty ? "it failed and said nothing" : said.joined(separator: "\n")
    }

    private struct Rule {
        let kind: StepError.Kind
        let remedy: String?
        let needles: [String]

        init(_ kind: StepError.Kind, _ remedy: String?, _ needles: String...) {
            self.kind = kind
            self.remedy = remedy
            self.needles = needles
        }

        func matches(_ text: String) -> Bool { needles.contains { text.contains($0) } }
    }

    /// What chart repositories and registries say, and what helm says of their answers.
    private static let chartRules = [
        Rule(
            .permanent,
            "check user name and password, or token, and whether it has expired; bind a new one when you resume the run "
                + "(`--secret NAME=SOURCE`)",
            "401 Unauthorized", "401: unauthorized", ": 401"),
        Rule(
            .permanent, "ask for access to these charts for this account, or use another account", "403 Forbidden",
            "code 403", "access to the resource is denied"),
        Rule(
            .permanent, "the server's certificate is not trusted: give its authority (`ca`)", "x509:",
            "certificate signed by unknown authority"),
        Rule(
            .permanent, "check the chart's name, its version and its repository", "404 Not Found", ": not found",
            "manifest unknown", "name unknown", "code 404"),
        // A proxy's page may come with a 200. It may be gone in a minute, so it is worth another try.
        Rule(
            .transient, "what answers there is no server of charts: check the address, and the proxy before it",
            "cannot unmarshal", "no API version specified", "does not appear to be a gzipped archive",
            "invalid character",
            "error converting YAML", "error unmarshaling JSON", "400 Bad Request", "code 400"),
        Rule(
            .transient, "check that the server of the charts is up, and can be reached from here", "connection refused",
            "i/o timeout", "TLS handshake timeout", "no route to host", "connection reset", "EOF", "no such host",
            "Temporary failure in name", "network is unreachable", "Client.Timeout", "429 Too Many", "500 Internal",
            "502 Bad Gateway", "503 Service", "504 Gateway", "code 429", "code 500", "code 502", "code 503", "code 504"),
    ]

    /// The first that matches decides, so what is more telling stands higher: a full text may hold several.
    private static let rules = [
        Rule(
            .transient,
            "the namespace is being deleted: wait for it, or find out what holds it up (kubectl get namespace)",
            "being terminated"),
        // Pods come and go, by an eviction or a reboot: the next attempt finds the one that has come instead.
        Rule(
            .transient, "the pod is not there any more, or its container does not run yet: kubectl get pods -A",
            "container not found", "unable to upgrade connection", "(NotFound): pods \""),
        Rule(
            .permanent, "check the kubeconfig's credentials: kubectl auth whoami", "You must be logged in",
            "the server has asked for the client to provide credentials", "cluster unreachable: Unauthorized",
            "error: Unauthorized"),
        Rule(.permanent, "check user name and password, or token", "401 Unauthorized", "401: unauthorized", ": 401"),
        Rule(
            .permanent, "the server's certificate is not trusted: give its authority (`ca`), or mend the kubeconfig",
            "x509:", "certificate signed by unknown authority"),
        Rule(
            .permanent, "check KUBECONFIG, and `kubeconfig` and `context` of this step",
            "no configuration has been provided", "does not exist in kubeconfig", "invalid configuration",
            "context was not found", "\" does not exist", "error loading config file"),
        Rule(
            .permanent, "choose a version of the chart that fits the cluster, or upgrade the cluster",
            "which is incompatible with Kubernetes"),
        Rule(
            .conflict,
            "the object belongs to somebody else: remove it, or let the release take it (`take_ownership: true`)",
            "cannot be imported into the current release"),
        Rule(
            .conflict, "another field manager owns these fields: leave them to it, or take them over (`force: true`)",
            "Apply failed with"),
        Rule(
            .transient, "check that the API server is up and reachable: kubectl get --raw /readyz",
            "connection refused",
            "connect to the server", "i/o timeout", "TLS handshake timeout", "no route to host", "connection reset",
            "unexpected EOF", ": EOF", "client connection lost", "currently unable to handle", "ServiceUnavailable",
            "Too Many Requests", "etcdserver", "cluster unreachable", "no such host", "Temporary failure in name",
            "failed calling webhook", "object has been modified", "Internal error occurred", "500 Internal",
            "502 Bad Gateway", "503 Service", "504 Gateway", "network is unreachable"),
        Rule(.permanent, "give the runner's account this right, or use another account", "forbidden", "Forbidden"),
        Rule(
            .permanent, "install what defines this kind (a CRD) before this step, and check apiVersion and kind",
            "no matches for kind", "ensure CRDs are installed first"),
        Rule(
            .permanent, "create the namespace first, or set `create_namespace: true`", "namespaces \"",
            "create: namespace not found"),
        Rule(
            .permanent, "check the chart's name, its version and its repository", "chart not found",
            "not found in", "no chart version found", "no chart name found", "chart version", "manifest unknown",
            "failed to resolve reference", "404 Not Found", "improper constraint", "is not a valid chart repository"),
        Rule(
            .permanent, "correct the chart's values, or the manifest", "is invalid", "error validating",
            "unknown field", "strict decoding", "YAML parse error", "execution error at", "template:",
            "don't meet the specifications of the schema", "unable to build kubernetes objects", "cannot unmarshal",
            "error converting YAML", "parse error at", "unable to decode", "duplicate entries for key"),
        Rule(.permanent, nil, "NotFound", "not found", "no such file or directory", "unknown flag", "unknown command"),
        Rule(
            .timedOut, "look at what it waited for, then resume the run", "timed out", "deadline exceeded",
            "would exceed context deadline"),
    ]
}
