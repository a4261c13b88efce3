/// The identity of a Kubernetes object. The version of its API is no part of it.
package struct ObjectReference: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The API group; empty for the core group.
    package var group: String
    package var kind: String
    /// Nil for objects of the whole cluster, and where the default namespace is meant.
    package var namespace: String?
    package var name: String

    package init(group: String, kind: String, namespace: String? = nil, name: String) {
        self.group = group
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// For people: `Deployment clearml/api`, `Node gpu-1`.
    package var description: String {
        "\(kind) \(namespace.map { "\($0)/" } ?? "")\(name)"
    }
}
