package import Workflow

/// Creates namespaces that steps need, and removes those that a rollback has emptied.
package struct Namespaces: Sendable {
    private let kubectl: Kubectl

    package init(_ kubectl: Kubectl) {
        self.kubectl = kubectl
    }

    package func exists(_ name: String) async throws(StepError) -> Bool {
        let result = try await kubectl.run(
            ["get", "namespace", name, "--ignore-not-found", "-o", "name"], object: "namespace \(name)")
        return !result.output.text.isEmpty
    }

    /// - Parameter label: As `name=value`.
    package func exists(_ name: String, labelled label: String) async throws(StepError) -> Bool {
        let result = try await kubectl.run(
            ["get", "namespaces", "--field-selector", "metadata.name=\(name)", "--selector", label, "-o", "name"],
            object: "namespace \(name)")
        return !result.output.text.isEmpty
    }

    /// Creates the namespace; fine if it is there.
    package func create(_ name: String) async throws(StepError) {
        let object = "namespace \(name)"
        let (_, result) = try await kubectl.attempt(["create", "namespace", name], object: object)
        guard !result.succeeded, !result.error.text.contains("AlreadyExists") else { return }
        throw ToolFailure(tool: "kubectl", object: object).error(saying: result.error.text)
    }

    /// Removes the namespace where nothing is left in it, and waits until it has gone.
    ///
    /// - Returns: Why it stays, a line; empty where it is gone.
    package func removeIfEmpty(_ name: String) async throws(StepError) -> [String] {
        guard try await exists(name) else { return [] }
        let reasons = try await reasonsToStay(name)
        guard reasons.isEmpty else { return reasons }
        try await remove(name)
        return []
    }

    /// Removes the namespace with all that is in it, and waits until it has gone.
    package func remove(_ name: String) async throws(StepError) {
        try await kubectl.run(
            ["delete", "namespace", name, "--ignore-not-found", "--wait", "--timeout", "300s"],
            object: "namespace \(name)")
    }

    /// Why a namespace is not to be removed, a line; empty where nothing is left in it.
    package func reasonsToStay(_ name: String) async throws(StepError) -> [String] {
        let contents: [String]
        do {
            contents = try await self.contents(of: name)
        } catch {
            if error.kind == .cancelled { throw error }
            return ["namespace \(name) stays: it cannot be told whether it is empty (\(error.message))"]
        }
        guard !contents.isEmpty else { return [] }
        let shown = contents.prefix(5).joined(separator: ", ") + (contents.count > 5 ? ", …" : "")
        return ["namespace \(name) stays: it still holds \(shown)"]
    }

    /// What is in a namespace, of every kind the cluster knows, apart from what Kubernetes itself puts into each.
    private func contents(of name: String) async throws(StepError) -> [String] {
        let kinds = try await kubectl.run(["api-resources", "--namespaced", "--verbs=list", "-o", "name"]).output.text
            .split(whereSeparator: \.isNewline).map(String.init)
            .filter { !Self.bookkeeping.contains($0) && !$0.hasSuffix(".metrics.k8s.io") }
        let columns = [
            "kind", "metadata.name", "metadata.uid", "metadata.deletionTimestamp", "metadata.ownerReferences[*].uid",
        ]
        let template = "{range .items[*]}" + columns.map { "{.\($0)}" }.joined(separator: "|") + "{\"\\n\"}{end}"
        let found = try await kubectl.run(
            [
                "get", kinds.joined(separator: ","), "--namespace", name, "--ignore-not-found", "-o",
                "jsonpath=\(template)",
            ],
            object: "namespace \(name)")
        let entries = found.output.text.split(whereSeparator: \.isNewline)
            .map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
            .filter { $0.count == columns.count }
        // What is going already, and what goes with it.
        var going = Set(entries.filter { !$0[3].isEmpty }.map { $0[2] })
        var known = -1
        while going.count != known {
            known = going.count
            for entry in entries where entry[4].split(separator: " ").contains(where: { going.contains(String($0)) }) {
                going.insert(entry[2])
            }
        }
        return Set(entries.filter { !going.contains($0[2]) }.map { "\($0[0])/\($0[1])" })
            .filter { entry in
                entry != "ConfigMap/kube-root-ca.crt" && entry != "ServiceAccount/default"
                    && !entry.hasPrefix("Secret/default-token-")
            }.sorted()
    }

    /// Kinds whose objects follow others by themselves.
    private static let bookkeeping: Set = [
        "events", "events.events.k8s.io", "endpoints", "endpointslices.discovery.k8s.io", "controllerrevisions.apps",
        "leases.coordination.k8s.io",
    ]
}
