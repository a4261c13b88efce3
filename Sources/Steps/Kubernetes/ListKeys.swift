import Workflow

/// Which lists of the built-in kinds are merged element by element, and by which key; all others are replaced whole.
///
/// Source: `x-kubernetes-list-map-keys` and `x-kubernetes-map-type` in the API server's OpenAPI document.
struct ListKeys {
    private let isBuiltIn: Bool
    private let kind: String

    init(_ reference: ObjectReference) {
        kind = reference.kind
        let group = reference.group
        isBuiltIn = !group.contains(".") || group.hasSuffix(".k8s.io")
    }

    /// The elements by key; nil where the list is replaced whole. Of two elements with one key the last counts, as it
    /// does for containers' environments.
    func elements(of list: [Value], at path: [String]) -> [String: Value]? {
        guard isBuiltIn, let name = path.last else { return nil }
        var elements: [String: Value] = [:]
        for element in list {
            guard let key = key(of: element, in: name) else { return nil }
            elements[key] = element
        }
        return elements
    }

    func isAtomicMap(_ path: [String]) -> Bool {
        guard isBuiltIn, let name = path.last else { return false }
        return Self.atomicMaps.contains(name)
    }

    private func key(of element: Value, in list: String) -> String? {
        switch list {
        case "containers", "initContainers", "ephemeralContainers", "env", "volumes", "imagePullSecrets", "webhooks",
            "secrets", "resourceClaims":
            return element["name"]?.stringValue
        case "volumeMounts": return element["mountPath"]?.stringValue
        case "volumeDevices": return element["devicePath"]?.stringValue
        case "hostAliases": return element["ip"]?.stringValue
        case "conditions": return element["type"]?.stringValue
        case "ports" where kind != "NetworkPolicy":
            let number = element[kind == "Service" ? "port" : "containerPort"]?.integerValue
            return number.map { "\($0)/\(element["protocol"]?.stringValue ?? "TCP")" }
        default: return nil
        }
    }

    private static let atomicMaps: Set = [
        "selector", "matchLabels", "podSelector", "namespaceSelector", "objectSelector", "nodeSelector",
        "labelSelector", "scopeSelector",
    ]
}
