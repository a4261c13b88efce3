package import Workflow

/// What a preflight has found: what is missing, what is worth a warning, and the facts.
package struct PreflightReport {
    package var outputs: [String: Value] = [:]
    package var warnings: [String] = []
    package private(set) var problems: [String] = []
    /// Whether each problem so far may pass by itself.
    private var allTransient = true

    package init() {}

    package mutating func missing(_ what: String, fix: String) {
        problems.append("\(what)\n    fix: \(fix)")
        allTransient = false
    }

    /// Takes a failed check as one of the problems.
    ///
    /// - Throws: The error, where it is a cancellation.
    package mutating func record(_ error: StepError) throws(StepError) {
        if error.kind == .cancelled { throw error }
        let place = error.object.map { "\($0): " } ?? ""
        problems.append(place + error.message + (error.remedy.map { "\n    fix: \($0)" } ?? ""))
        if error.kind != .transient, error.kind != .timedOut { allTransient = false }
    }

    /// - Throws: One error that names all problems.
    package func output() throws(StepError) -> StepOutput {
        guard problems.isEmpty else {
            let count = problems.count == 1 ? "1 thing is missing" : "\(problems.count) things are missing"
            throw StepError(
                allTransient ? .transient : .permanent,
                "\(count):" + problems.map { "\n  - \($0)" }.joined(), remedy: "mend all of them, then resume the run")
        }
        var values = outputs
        values["warnings"] = .array(warnings.map { .string($0) })
        return StepOutput(values)
    }

    package mutating func checkStorage(_ classes: [KubernetesObject], wanted: String?) {
        let names = classes.map(\.reference.name)
        if let wanted {
            outputs["storage_class"] = .string(wanted)
            if !names.contains(wanted) {
                missing(
                    "there is no storage class '\(wanted)'\(Self.list(names))",
                    fix: "install its provisioner, or name one that is there")
            }
            return
        }
        let standard = classes.filter { $0.annotation("storageclass.kubernetes.io/is-default-class") == "true" }
        outputs["storage_class"] = standard.first.map { .string($0.reference.name) } ?? .null
        if standard.isEmpty {
            missing(
                "there is no default storage class\(Self.list(names))",
                fix: "name one as 'storage_class', or mark one with storageclass.kubernetes.io/is-default-class=true")
        }
        if standard.count > 1 {
            warnings.append(
                "there are several default storage classes: \(standard.map(\.reference.name).joined(separator: ", "))")
        }
    }

    package mutating func checkNodes(_ nodes: [Value], needsGPUs: Bool) {
        func name(_ node: Value) -> String { node["metadata"]?["name"]?.stringValue ?? "?" }
        func labels(_ node: Value) -> Value { node["metadata"]?["labels"] ?? .null }
        let withGPU = nodes.filter { node in
            let amounts = node["status"]?["capacity"]?.objectValue ?? [:]
            return labels(node)["nvidia.com/gpu.present"]?.stringValue == "true"
                || amounts.contains { $0.key.hasPrefix("nvidia.com/") && $0.value.stringValue != "0" }
        }
        let products = Set(withGPU.compactMap { labels($0)["nvidia.com/gpu.product"]?.stringValue })
        outputs["nodes"] = .array(nodes.map(name).sorted().map { .string($0) })
        outputs["gpu_nodes"] = .array(withGPU.map(name).sorted().map { .string($0) })
        outputs["gpu_products"] = .array(products.sorted().map { .string($0) })
        if nodes.isEmpty { missing("the cluster has no node", fix: "add nodes") }
        let unready = nodes.filter { node in
            !(node["status"]?["conditions"]?.arrayValue ?? []).contains {
                $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True"
            }
        }
        if !unready.isEmpty, unready.count == nodes.count {
            missing("no node is ready", fix: "find out why: kubectl describe nodes")
        } else if !unready.isEmpty {
            warnings.append("nodes that are not ready: \(unready.map(name).sorted().joined(separator: ", "))")
        }
        if needsGPUs, withGPU.isEmpty {
            warnings.append("no node shows a GPU yet: neither label nvidia.com/gpu.present nor a GPU resource is there")
        }
    }

    package mutating func checkNetwork(_ daemonSets: [String]) {
        if let plugin = Self.enforcing.first(where: { known in daemonSets.contains { $0.hasPrefix(known.daemon) } }) {
            outputs["cni"] = .string(plugin.name)
            return
        }
        if let plugin = Self.lenient.first(where: { known in daemonSets.contains { $0.hasPrefix(known.daemon) } }) {
            outputs["cni"] = .string(plugin.name)
            warnings.append(
                "network plugin \(plugin.name) may not enforce NetworkPolicy: "
                    + "tenants would not be kept apart; \(plugin.hint)"
            )
            return
        }
        outputs["cni"] = .null
        warnings.append(
            "no known network plugin was found: make sure that yours enforces NetworkPolicy, "
                + "or tenants are not kept apart"
        )
    }

    package mutating func checkNamespaces(_ names: [String], expected: [String]) {
        for name in expected where !names.contains(name) {
            warnings.append("there is no namespace '\(name)'\(Self.list(names)): nothing can be let in from there")
        }
    }

    static func list(_ names: [String]) -> String {
        names.isEmpty ? " (there is none)" : " (there are: \(names.sorted().joined(separator: ", ")))"
    }

    /// Plugins by the DaemonSet they run as.
    private static let enforcing: [(daemon: String, name: String)] = [
        ("calico-node", "Calico"), ("canal", "Canal"), ("cilium", "Cilium"), ("anetd", "GKE Dataplane V2"),
        ("antrea-agent", "Antrea"), ("weave-net", "Weave Net"), ("kube-router", "kube-router"),
        ("ovnkube-node", "OVN-Kubernetes"),
        ("ovn-kubernetes", "OVN-Kubernetes"), ("kube-ovn-cni", "Kube-OVN"), ("azure-npm", "Azure NPM"),
    ]
    private static let lenient: [(daemon: String, name: String, hint: String)] = [
        ("aws-node", "Amazon VPC CNI", "switch its network policy agent on"),
        ("kube-flannel", "Flannel", "add Calico for policies, or use another plugin"),
        ("kindnet", "kindnet", "older releases ignore policies"),
    ]
}
