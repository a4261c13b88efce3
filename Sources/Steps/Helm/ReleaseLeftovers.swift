import Workflow

/// What an uninstall leaves behind: helm never removes definitions of a chart's `crds` folder, hooks' objects, what is
/// marked to be kept, or the volumes of StatefulSets.
struct ReleaseLeftovers: Sendable {
    private var objects: [(object: KubernetesObject, why: String)] = []
    /// Beginnings of the names of volume claims, `data-redis-` for template `data` of StatefulSet `redis`.
    private var claims: [(prefix: String, set: String)] = []
    private var namespace = ""

    init() {}

    init(_ state: ReleaseState, namespace: String) throws(StepError) {
        self.namespace = namespace
        let manifest = try ManifestReader.objects(in: state.manifest)
        for object in manifest where object.annotation("helm.sh/resource-policy") == "keep" {
            objects.append((object, "the chart asks to keep it"))
        }
        for hook in try ManifestReader.objects(in: state.hooks) { objects.append((hook, "a hook of the chart")) }
        for name in state.crds {
            let definition = try KubernetesObject([
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": ["name": .string(name)],
            ])
            objects.append((definition, "helm never removes definitions"))
        }
        for set in manifest where set.kind == "StatefulSet" {
            for template in set.content["spec"]?["volumeClaimTemplates"]?.arrayValue ?? [] {
                guard let name = template["metadata"]?["name"]?.stringValue else { continue }
                claims.append(("\(name)-\(set.reference.name)-", set.reference.name))
            }
        }
    }

    /// Those that are still there, a line each.
    func remaining(_ kubectl: Kubectl) async throws(StepError) -> [String] {
        var lines: [String] = []
        let live = try await LiveObjects(kubectl, namespace: namespace).read(objects.map(\.object))
        for (object, why) in zip(live, objects.map(\.why)) {
            guard let object else { continue }
            let line = "\(object.reference) stays: \(why)"
            if !lines.contains(line) { lines.append(line) }
        }
        guard !claims.isEmpty else { return lines }
        for claim in try await kubectl.items(["get", "persistentvolumeclaims", "--namespace", namespace]) {
            let name = claim["metadata"]?["name"]?.stringValue ?? ""
            guard
                let owner = claims.first(where: {
                    Int(name.dropFirst($0.prefix.count)) != nil && name.hasPrefix($0.prefix)
                })
            else { continue }
            lines.append(
                "PersistentVolumeClaim \(namespace)/\(name) stays: the data of StatefulSet \(owner.set) "
                    + "(kubectl delete pvc \(name) -n \(namespace) removes it)"
            )
        }
        return lines
    }
}
