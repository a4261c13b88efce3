import Workflow

/// A ConfigMap in which a step keeps what it has to know the next time, where every runner of this cluster finds it.
struct KeptConfigMap: Sendable {
    let kubectl: Kubectl
    let namespace: String
    let name: String

    /// How things were before a step changed them.
    struct Prior: Codable {
        /// Nil: there was no ConfigMap.
        var data: [String: String]?
        var namespaceExisted: Bool
    }

    static func parameters(default name: String) -> [Parameter] {
        [
            Parameter(
                "namespace", .string, default: "clearml", "Where the ConfigMap is kept; created where it is missing."),
            Parameter("config_map", .string, default: .string(name), "The ConfigMap's name."),
        ] + ClusterAccess.parameters
    }

    init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
        kubectl = Kubectl(try access.overridden(by: input))
        namespace = try input.string("namespace")
        name = try input.string("config_map")
    }

    var description: String { "ConfigMap \(namespace)/\(name)" }

    /// Nil where there is none.
    func read() async throws(StepError) -> [String: String]? {
        let value = try await kubectl.json(
            ["get", "configmap", name, "--namespace", namespace, "--ignore-not-found"], object: description)
        return value.isNull ? nil : (value["data"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }

    /// What `revert` needs, as long as nothing has been changed.
    func prior(_ data: [String: String]?) async throws -> Value {
        try Value(encoding: Prior(data: data, namespaceExisted: try await Namespaces(kubectl).exists(namespace)))
    }

    /// Makes this its data; creates the namespace and the ConfigMap where they are missing.
    func write(_ data: [String: String]) async throws(StepError) {
        try await Namespaces(kubectl).create(namespace)
        let object = try KubernetesObject([
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "data": .object(data.mapValues { .string($0) }),
        ])
        try await kubectl.run(
            ["apply", "--server-side", "--force-conflicts", "--field-manager", Kubectl.fieldManager, "-f", "-"],
            input: KubernetesObject.manifest(of: [object]), object: description)
    }

    /// Brings back what was there before.
    ///
    /// - Returns: What stays behind.
    func restore(_ prior: Value?) async throws -> [String] {
        guard let prior = try prior?.decoded(as: Prior.self) else { return [] }
        if let data = prior.data {
            try await write(data)
            return []
        }
        try await kubectl.run(
            ["delete", "configmap", name, "--namespace", namespace, "--ignore-not-found"], object: description)
        return prior.namespaceExisted ? [] : try await Namespaces(kubectl).removeIfEmpty(namespace)
    }
}
