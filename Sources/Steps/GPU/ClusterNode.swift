package import Workflow

/// A node as the API server shows it, as far as its upkeep needs.
package struct ClusterNode: Hashable, Sendable {
    package var name: String
    /// Changes with every boot of the machine; empty where the kubelet has not told it.
    package var bootID: String
    package var isReady: Bool
    /// New pods are kept away from it.
    package var isCordoned: Bool
    package var labels: [String: String]
    package var annotations: [String: String]
    /// How much of each resource pods can have, as Kubernetes writes amounts.
    package var offers: [String: String]

    package init(_ object: Value) {
        name = object["metadata"]?["name"]?.stringValue ?? ""
        bootID = object["status"]?["nodeInfo"]?["bootID"]?.stringValue ?? ""
        isReady = (object["status"]?["conditions"]?.arrayValue ?? []).contains {
            $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True"
        }
        isCordoned = object["spec"]?["unschedulable"]?.boolValue ?? false
        labels = Self.texts(object["metadata"]?["labels"])
        annotations = Self.texts(object["metadata"]?["annotations"])
        offers = Self.texts(object["status"]?["allocatable"])
    }

    package var isControlPlane: Bool {
        ["control-plane", "master", "etcd"].contains { labels["node-role.kubernetes.io/\($0)"] != nil }
    }

    private static func texts(_ value: Value?) -> [String: String] {
        (value?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }
}

/// Reads nodes, and marks them.
package struct ClusterNodes: Sendable {
    package let kubectl: Kubectl

    package init(_ kubectl: Kubectl) {
        self.kubectl = kubectl
    }

    /// By name.
    package func all(selector: String? = nil) async throws(StepError) -> [ClusterNode] {
        try await kubectl.items(["get", "nodes"] + (selector.map { ["--selector", $0] } ?? []), object: "nodes")
            .map(ClusterNode.init).sorted { $0.name < $1.name }
    }

    package func node(_ name: String) async throws(StepError) -> ClusterNode {
        ClusterNode(try await kubectl.json(["get", "node", name], object: "node/\(name)"))
    }

    /// Nil where there is no such node any more.
    package func ifThere(_ name: String) async throws(StepError) -> ClusterNode? {
        let object = try await kubectl.json(["get", "node", name, "--ignore-not-found"], object: "node/\(name)")
        return object.isNull ? nil : ClusterNode(object)
    }

    /// Changes several fields of a node at once. Null removes a field.
    package func merge(_ patch: Value, into name: String) async throws(StepError) {
        try await patchNode(name, type: "merge", patch)
    }

    /// Changes a node only where its annotation has this value; false where it has another, or none.
    package func patch(
        _ name: String, where annotation: String, is value: String, _ operations: [Value]
    ) async throws(StepError) -> Bool {
        let path = "/metadata/annotations/" + annotation.replacing("~", with: "~0").replacing("/", with: "~1")
        let test: Value = ["op": "test", "path": .string(path), "value": .string(value)]
        let remove: Value = ["op": "remove", "path": .string(path)]
        do {
            try await patchNode(name, type: "json", .array([test] + operations + [remove]))
            return true
        } catch {
            // kubectl does not say which operation failed; what the node holds now does.
            if try await node(name).annotations[annotation] == value { throw error }
            return false
        }
    }

    private func patchNode(_ name: String, type: String, _ patch: Value) async throws(StepError) {
        try await kubectl.run(
            [
                "patch", "node", name, "--type", type, "--field-manager", Kubectl.fieldManager, "--patch",
                patch.canonicalJSON,
            ], object: "node/\(name)")
    }
}
