package import Workflow

/// `kubernetes.leftovers`: what uninstalls do not remove: data, definitions, and namespaces with something in them.
package struct KubernetesLeftovers: CheckingStepKind {
    package let name = "kubernetes.leftovers"
    package let summary = "Lists volume claims, volumes, resource definitions and namespaces that are there."
    package let parameters =
        [
            Parameter("namespaces", .array(.string), required: true, "The namespaces to look at, gone ones too."),
            Parameter(
                "groups", .array(.string), "API groups whose definitions are listed, those below them too."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("lines", .array(.string), "All of it, a line each."),
        Parameter("data", .array(.string), "The claims and volumes alone, a line each."),
        Parameter("claims", .array(.map(.string)), "The claims, each as `namespace` and `name`."),
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let kubectl = Kubectl(try access.overridden(by: input))
        let namespaces = Set(try input.strings("namespaces"))
        let claims = try await kubectl.items(["get", "persistentvolumeclaims", "--all-namespaces"], object: "claims")
            .compactMap { item -> (namespace: String, name: String)? in
                guard let name = item["metadata"]?["name"]?.stringValue,
                    let namespace = item["metadata"]?["namespace"]?.stringValue, namespaces.contains(namespace)
                else { return nil }
                return (namespace, name)
            }.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        let volumes = try await ClaimedVolume.all(of: namespaces, kubectl)
        let data =
            claims.map { "PersistentVolumeClaim \($0.namespace)/\($0.name)" }
            + volumes.map { "\($0.description) (\($0.size), \($0.isBound ? "in use by it" : "its claim is gone"))" }
        var others: [String] = []
        for namespace in namespaces.sorted() where try await Namespaces(kubectl).exists(namespace) {
            others.append("namespace \(namespace)")
        }
        let groups = try input.strings("groups")
        for definition in try await kubectl.items(["get", "customresourcedefinitions"], object: "definitions") {
            guard let group = definition["spec"]?["group"]?.stringValue,
                groups.contains(where: { group == $0 || group.hasSuffix(".\($0)") }),
                let name = definition["metadata"]?["name"]?.stringValue
            else { continue }
            others.append("CustomResourceDefinition \(name)")
        }
        return StepOutput([
            "lines": .array((data + others).map { .string($0) }), "data": .array(data.map { .string($0) }),
            "claims": .array(claims.map { ["namespace": .string($0.namespace), "name": .string($0.name)] }),
        ])
    }
}
