package import Workflow

/// Reads the live objects behind a manifest, and says what has changed in them.
package struct LiveObjects: Sendable {
    private let kubectl: Kubectl
    /// Where objects without a namespace of their own belong.
    private let namespace: String?

    package init(_ kubectl: Kubectl, namespace: String?) {
        self.kubectl = kubectl
        self.namespace = namespace
    }

    /// The live objects in the order of `objects`; nil where there is none, be it because its namespace or its kind is
    /// not there yet.
    package func read(_ objects: [KubernetesObject]) async throws(StepError) -> [KubernetesObject?] {
        guard !objects.isEmpty else { return [] }
        let arguments = ["get", "-f", "-", "--ignore-not-found", "-o", "json"] + inNamespace
        let (_, result) = try await kubectl.attempt(arguments, input: KubernetesObject.manifest(of: objects))
        // Objects of a kind that the cluster does not know fail the call, and the others are printed all the same.
        if !result.succeeded, !Self.onlyUnknownKinds(result.error.text) {
            throw ToolFailure(tool: "kubectl", object: nil).error(saying: result.error.text)
        }
        let answer = try Kubectl.value(of: result, object: nil)
        let found = try KubernetesObject.all(in: [answer])
        return objects.map { object in
            found.first { matches($0.reference, object.reference) }
        }
    }

    /// Whether a live object is the one that a manifest means. Only the server knows whether a kind lives in
    /// namespaces, so a manifest may give one in vain, or leave it out.
    private func matches(_ live: ObjectReference, _ wanted: ObjectReference) -> Bool {
        guard live.group == wanted.group, live.kind == wanted.kind, live.name == wanted.name else { return false }
        guard let place = live.namespace, let meant = wanted.namespace ?? namespace else { return true }
        return place == meant
    }

    /// What has to change so that the cluster is as the manifest says.
    ///
    /// - Parameter manager: Whose apply is tried out on the server where the manifest alone cannot tell.
    package func changes(
        _ objects: [KubernetesObject], manager: String = Kubectl.fieldManager + "-drift"
    ) async throws(StepError) -> [Change] {
        let live = try await read(objects)
        var changes: [Change] = []
        for (object, current) in zip(objects, live) {
            let diff = ManifestDiff(wanted: object, live: current)
            guard let current, !diff.isEmpty else {
                changes += diff.certain
                continue
            }
            changes += try await serverChanges(object, live: current, manager: manager) ?? diff.certain
        }
        return changes
    }

    /// What an apply of this object would change, as the server itself works it out; nil where it refuses to.
    package func serverChanges(
        _ object: KubernetesObject, live: KubernetesObject, manager: String
    ) async throws(StepError) -> [Change]? {
        let arguments =
            ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "--field-manager", manager]
            + ["-f", "-", "-o", "json"] + inNamespace
        let (_, result) = try await kubectl.attempt(arguments, input: KubernetesObject.manifest(of: [object]))
        guard result.succeeded else {
            let error = ToolFailure(tool: "kubectl", object: object.reference.description).error(
                saying: result.error.text)
            if error.kind == .transient { throw error }
            return nil
        }
        guard let merged = try KubernetesObject.all(in: [try Kubectl.value(of: result, object: nil)]).first else {
            return nil
        }
        return ExactDiff.changes(
            from: Self.comparable(live), to: Self.comparable(merged), subject: live.reference.description,
            hidesAll: live.isSecret)
    }

    /// Waits until none of the objects is there any more.
    package func waitUntilGone(_ objects: [KubernetesObject], timeout: Duration) async throws(StepError) {
        let left = try await read(objects).compactMap { $0 }
        guard !left.isEmpty else { return }
        try await kubectl.run(
            ["wait", "--for=delete", "-f", "-", "--timeout", "\(max(1, timeout.components.seconds))s"] + inNamespace,
            input: KubernetesObject.manifest(of: left), object: left.count == 1 ? left[0].reference.description : nil)
    }

    package var inNamespace: [String] { namespace.map { ["--namespace", $0] } ?? [] }

    /// The object without what the server keeps about it.
    package static func comparable(_ object: KubernetesObject) -> Value {
        guard var members = object.content.objectValue else { return object.content }
        members["status"] = nil
        if var metadata = members["metadata"]?.objectValue {
            for key in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"] {
                metadata[key] = nil
            }
            if var annotations = metadata["annotations"]?.objectValue {
                annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
                metadata["annotations"] = annotations.isEmpty ? .none : .object(annotations)
            }
            members["metadata"] = .object(metadata)
        }
        return .object(members)
    }

    private static func onlyUnknownKinds(_ text: String) -> Bool {
        let lines = ToolFailure.tidied(text).split(whereSeparator: \.isNewline)
        return lines.allSatisfy { line in
            line.contains("no matches for kind") || line.contains("ensure CRDs are installed first")
        }
    }
}
