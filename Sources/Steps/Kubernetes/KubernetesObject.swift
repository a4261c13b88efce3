package import Workflow

/// One Kubernetes object as a manifest or the API server gives it.
package struct KubernetesObject: Hashable, Sendable {
    package var content: Value
    package let apiVersion: String
    package let reference: ObjectReference

    /// - Throws: A permanent error where the value is no object with `apiVersion`, `kind` and `metadata.name`.
    package init(_ content: Value) throws(StepError) {
        guard let apiVersion = content["apiVersion"]?.stringValue, let kind = content["kind"]?.stringValue,
            let name = content["metadata"]?["name"]?.stringValue, !name.isEmpty
        else {
            let name = content["metadata"]?["name"]?.stringValue ?? content["kind"]?.stringValue
            throw StepError(
                .permanent, "a manifest needs apiVersion, kind and metadata.name", object: name,
                remedy: "add what is missing to the manifest")
        }
        self.content = content
        self.apiVersion = apiVersion
        let group = apiVersion.split(separator: "/").dropLast().first.map(String.init) ?? ""
        reference = ObjectReference(
            group: group, kind: kind, namespace: content["metadata"]?["namespace"]?.stringValue, name: name)
    }

    /// The objects of a manifest's documents, those of a `List` one by one; empty documents are left out.
    package static func all(in documents: [Value]) throws(StepError) -> [KubernetesObject] {
        var objects: [KubernetesObject] = []
        for document in documents where !document.isNull && document != .object([:]) {
            if document["kind"]?.stringValue?.hasSuffix("List") == true, let items = document["items"]?.arrayValue {
                objects += try all(in: items)
            } else {
                objects.append(try KubernetesObject(document))
            }
        }
        return objects
    }

    /// One JSON text that kubectl reads as all these objects.
    package static func manifest(of objects: [KubernetesObject]) -> String {
        Value.object(["apiVersion": "v1", "kind": "List", "items": .array(objects.map(\.content))]).canonicalJSON
    }

    package var kind: String { reference.kind }
    package var isSecret: Bool { reference.group.isEmpty && kind == "Secret" }

    package func annotation(_ name: String) -> String? {
        content["metadata"]?["annotations"]?[name]?.stringValue
    }
}
