import Foundation
package import Workflow

/// `kubernetes.preflight`: everything an install needs, looked at before anything is changed; what is missing is told
/// at once.
package struct KubernetesPreflight: CheckingStepKind {
    package let name = "kubernetes.preflight"
    package let summary =
        "Checks programs, cluster, permissions, classes and host names, and tells all that is missing at once."
    package let parameters =
        [
            Parameter("minimum_kubernetes", .string, default: "1.20", "Oldest Kubernetes that the charts accept."),
            Parameter(
                "storage_class", .string, "A storage class that must be there; none: there must be a default one."),
            Parameter("needs_storage", .boolean, default: true, "Whether volumes are needed at all."),
            Parameter("ingress_class", .string, "An ingress class that must be there."),
            Parameter(
                "permissions", .array(.string), default: ["* *"],
                "What the account must be allowed in the whole cluster, as `verb resource`."),
            Parameter("hosts", .array(.string(.hostname)), "Host names that must resolve."),
            Parameter(
                "conditions", .map(.boolean),
                "What else must hold, by what is missing where it does not; for inputs and secrets that are needed in some "
                    + "cases only."),
            Parameter("files", .array(.any), "Paths of files on this machine that must be there; a null is none."),
            Parameter("programs", .array(.any), "Programs that must be on this machine; a null is none."),
            Parameter(
                "network_policies", .boolean, default: true,
                "Whether network policies matter: warns where nothing is known to enforce them."),
            Parameter(
                "expected_namespaces", .array(.string),
                "Namespaces that others have made, such as the ingress controller's: warns where one is missing."),
            Parameter("gpus", .boolean, default: false, "Whether GPUs are needed: warns where no node has one."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter(
            "context", .string,
            "The kubeconfig's context, for the `context` of the steps after: the current one may be another by then. Null "
                + "where there is none, as within a cluster."),
        Parameter("k8s_version", .string, "The API server's version."),
        Parameter("helm_version", .string, "The version of helm."),
        Parameter("kubectl_version", .string, "The version of kubectl."),
        Parameter("nodes", .array(.string), "The nodes' names."),
        Parameter("gpu_nodes", .array(.string), "The names of nodes with GPUs."),
        Parameter("gpu_products", .array(.string), "The GPUs' product names, as the nodes are labelled."),
        Parameter("cni", .string, "The network plugin, as far as it can be told; null where it cannot."),
        Parameter("storage_class", .string, "The storage class that was asked for, or the default one."),
        Parameter("warnings", .array(.string), "What is worth a look, and no reason to stop."),
    ]

    static let oldestHelm = ToolVersion(3, 14)
    static let oldestKubectl = ToolVersion(1, 22)

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let access = try access.overridden(by: input)
        var report = PreflightReport()
        for (what, holds) in try input.object("conditions").sorted(by: { $0.key < $1.key }) where holds != true {
            report.missing(
                what,
                fix:
                    "leave out what needs it, or give it: a secret when you resume the run (`--secret NAME=SOURCE`), an input "
                    + "to a new run")
        }
        try await checkMachine(input, access, &report)
        try await checkHelm(access, context, &report)
        try await checkHosts(try input.strings("hosts"), access, &report)
        let kubectl = Kubectl(access)
        if try await checkServer(kubectl, input, &report) {
            try await checkPermissions(kubectl, try input.strings("permissions"), &report)
            try await checkClasses(kubectl, input, &report)
            try await checkNodes(kubectl, gpus: try input.flag("gpus"), &report)
            if try input.flag("network_policies") { try await checkNetwork(kubectl, &report) }
            try await checkNamespaces(kubectl, try input.strings("expected_namespaces"), &report)
        }
        for warning in report.warnings { context.log(.note, "warning: \(warning)") }
        return try report.output()
    }

    private func checkMachine(
        _ input: StepInput, _ access: ClusterAccess, _ report: inout PreflightReport
    ) async throws(StepError) {
        func texts(_ name: String) -> [String] { (input[name]?.arrayValue ?? []).compactMap(\.stringValue) }
        for file in texts("files") where !FileManager.default.isReadableFile(atPath: file) {
            report.missing("the file '\(file)' is not there, or cannot be read", fix: "correct its path")
        }
        for program in texts("programs") {
            do throws(ProcessFailure) {
                let request = ProcessRequest("sh", ["-c", #"command -v "$1""#, "sh", program], timeout: .seconds(20))
                if try await access.processes.run(request).succeeded { continue }
                report.missing("there is no program '\(program)'", fix: "install it on this machine")
            } catch {
                try report.record(ToolFailure(tool: "sh", object: program).error(error))
            }
        }
    }

    private func checkHelm(
        _ access: ClusterAccess, _ context: StepContext, _ report: inout PreflightReport
    ) async throws(StepError) {
        do {
            let version = try await Helm(access, dataDirectory: context.dataDirectory).version()
            report.outputs["helm_version"] = .string(version.description)
            if version < Self.oldestHelm {
                report.missing(
                    "helm is \(version), and \(Self.oldestHelm) or newer is needed",
                    fix: "https://helm.sh/docs/intro/install/")
            }
        } catch {
            try report.record(error)
        }
    }

    /// - Returns: Whether the API server answers, so that the other checks of the cluster can go on.
    private func checkServer(
        _ kubectl: Kubectl, _ input: StepInput, _ report: inout PreflightReport
    ) async throws(StepError) -> Bool {
        do throws(StepError) {
            report.outputs["context"] = try await kubectl.context().map { .string($0) } ?? .null
            let client = try await kubectl.json(["version", "--client"])["clientVersion"]?["gitVersion"]?.stringValue
            guard let kubectlVersion = client.flatMap({ ToolVersion($0) }) else {
                throw StepError(.permanent, "kubectl does not tell its version", remedy: "install a current kubectl")
            }
            report.outputs["kubectl_version"] = .string(kubectlVersion.description)
            if kubectlVersion < Self.oldestKubectl {
                report.missing(
                    "kubectl is \(kubectlVersion), and \(Self.oldestKubectl) or newer is needed",
                    fix: "https://kubernetes.io/docs/tasks/tools/")
            }
            let server = try await kubectl.json(["version", "--request-timeout", "20s"])["serverVersion"]
            guard let text = server?["gitVersion"]?.stringValue, let version = ToolVersion(text) else {
                throw StepError(.transient, "the API server does not tell its version", object: "API server")
            }
            report.outputs["k8s_version"] = .string(text)
            if let least = ToolVersion(try input.optionalString("minimum_kubernetes") ?? "1.20"), version < least {
                report.missing("Kubernetes is \(text), and \(least) or newer is needed", fix: "upgrade the cluster")
            }
            if abs(version.minor - kubectlVersion.minor) > 1 {
                report.warnings.append(
                    "kubectl \(kubectlVersion) and Kubernetes \(text) are more than one minor version apart, "
                        + "which is not supported"
                )
            }
            return true
        } catch {
            try report.record(error)
            return false
        }
    }

    private func checkPermissions(
        _ kubectl: Kubectl, _ permissions: [String], _ report: inout PreflightReport
    ) async throws(StepError) {
        for permission in permissions {
            let words = permission.split(separator: " ").map(String.init)
            guard words.count == 2 else {
                report.missing(
                    "'\(permission)' is no permission", fix: "write it as `verb resource`, such as `create secrets`")
                continue
            }
            let (_, result) = try await kubectl.attempt(["auth", "can-i"] + words + ["--all-namespaces"])
            let answer = result.output.text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
            if answer.hasPrefix("no") {
                report.missing(
                    "the account may not '\(permission)' in all namespaces", fix: "bind it to a role that allows this")
            } else if !result.succeeded {
                try report.record(ToolFailure(tool: "kubectl", object: "permissions").error(saying: result.error.text))
            }
        }
    }

    private func checkClasses(
        _ kubectl: Kubectl, _ input: StepInput, _ report: inout PreflightReport
    ) async throws(StepError) {
        do throws(StepError) {
            if try input.flag("needs_storage") {
                let classes = try KubernetesObject.all(in: try await kubectl.items(["get", "storageclasses"]))
                report.checkStorage(classes, wanted: try input.optionalString("storage_class"))
            }
            if let wanted = try input.optionalString("ingress_class") {
                let classes = try await kubectl.items(["get", "ingressclasses"])
                let names = classes.compactMap { $0["metadata"]?["name"]?.stringValue }
                if !names.contains(wanted) {
                    report.missing(
                        "there is no ingress class '\(wanted)'\(PreflightReport.list(names))",
                        fix: "install the ingress controller, or name one that is there")
                }
            }
        } catch {
            try report.record(error)
        }
    }

    private func checkNodes(
        _ kubectl: Kubectl, gpus: Bool, _ report: inout PreflightReport
    ) async throws(StepError) {
        do {
            report.checkNodes(try await kubectl.items(["get", "nodes"]), needsGPUs: gpus)
        } catch {
            try report.record(error)
        }
    }

    private func checkNetwork(_ kubectl: Kubectl, _ report: inout PreflightReport) async throws(StepError) {
        do {
            let daemons = try await kubectl.items(["get", "daemonsets", "--all-namespaces"])
            report.checkNetwork(daemons.compactMap { $0["metadata"]?["name"]?.stringValue })
        } catch {
            try report.record(error)
        }
    }

    private func checkNamespaces(
        _ kubectl: Kubectl, _ expected: [String], _ report: inout PreflightReport
    ) async throws(StepError) {
        guard !expected.isEmpty else { return }
        do throws(StepError) {
            let namespaces = try KubernetesObject.all(in: try await kubectl.items(["get", "namespaces"]))
            report.checkNamespaces(namespaces.map(\.reference.name), expected: expected)
        } catch {
            try report.record(error)
        }
    }

    private func checkHosts(
        _ hosts: [String], _ access: ClusterAccess, _ report: inout PreflightReport
    ) async throws(StepError) {
        for host in hosts {
            let result: ProcessResult
            do {
                // Not `getaddrinfo` in this process, which cannot be cancelled.
                result = try await access.processes.run(
                    ProcessRequest("getent", ["ahosts", host], timeout: .seconds(20)))
            } catch {
                try report.record(ToolFailure(tool: "getent", object: host).error(error))
                continue
            }
            if !result.succeeded {
                report.missing(
                    "the name '\(host)' does not resolve", fix: "add a DNS record that points to the ingress")
            }
        }
    }
}
