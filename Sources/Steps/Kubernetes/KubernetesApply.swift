package import Workflow

/// `kubernetes.apply`: server-side apply of manifests under the runner's own field manager.
package struct KubernetesApply: StepKind {
    package let name = "kubernetes.apply"
    package let summary = "Brings Kubernetes objects to what their manifests say (server-side apply)."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter(
                "manifests", Schema(.oneOf([.array(.any), .template, .string])), required: true,
                "The objects: a list of them, one object (a `List` too), or a text of YAML documents."),
            Parameter("namespace", .string, "Where objects without a namespace of their own go."),
            Parameter("create_namespace", .boolean, default: false, "Creates `namespace` where it is missing."),
            Parameter(
                "force", .boolean, default: false,
                "Takes over fields that another field manager owns; without it such a field is a conflict."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("objects", .array(.string), "The objects, such as `NetworkPolicy clearml/default-deny`.")
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    /// What was there before, object by object in the order of the manifests.
    private struct Prior: Codable {
        struct Object: Codable {
            var reference: ObjectReference
            var existed: Bool
            /// The manifest's fields as they were: what has to be applied again to have them back. Nil for Secrets,
            /// whose content is never written down.
            var previous: Value?
        }

        var objects: [Object]
        var namespaceExisted: Bool
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input, access)
        let live = try await wish.live.read(wish.objects)
        var changes: [Change] = []
        for (object, current) in zip(wish.objects, live) {
            let diff = ManifestDiff(wanted: object, live: current)
            guard let current else {
                changes += diff.certain
                continue
            }
            // Always asked for, as only the server knows which fields an earlier manifest of ours held that this one
            // does not.
            changes +=
                try await wish.live.serverChanges(object, live: current, manager: Kubectl.fieldManager) ?? diff.certain
        }
        guard !changes.isEmpty else { return .present(wish.output) }
        let prior = Prior(
            objects: zip(wish.objects, live).map { object, current in
                Prior.Object(
                    reference: object.reference, existed: current != nil,
                    previous: object.isSecret ? nil : current.map { ManifestProjection.of($0, on: object) })
            },
            namespaceExisted: try await wish.namespaceExists())
        let record = try Value(encoding: prior)
        return live.allSatisfy { $0 == nil } ? .absent(prior: record) : .differs(changes, prior: record)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try Wish(input, access)
        if let namespace = wish.namespace, wish.createsNamespace {
            try await Namespaces(wish.kubectl).create(namespace)
        }
        let result = try await wish.apply(wish.objects, force: try input.flag("force"))
        for line in result.output.text.split(whereSeparator: \.isNewline) { context.log(.stdout, String(line)) }
        return wish.output
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let record = try prior?.decoded(as: Prior.self) else { return [] }
        let wish = try Wish(input, access)
        var left: [String] = []
        // In reverse, so that what stands on something goes before it.
        for (object, was) in zip(wish.objects, record.objects).reversed() {
            guard object.reference == was.reference else {
                throw StepError(
                    .permanent, "the manifests are not those that were applied", object: was.reference.description,
                    remedy: "undo the step by hand")
            }
            if let previous = was.previous {
                try await wish.apply([try KubernetesObject(previous)], force: true)
            } else if was.existed {
                left.append(
                    "\(was.reference) keeps what this run put into it: a Secret's earlier content is not recorded")
            } else {
                left += try await wish.delete(object)
            }
        }
        if let namespace = wish.namespace, wish.createsNamespace, !record.namespaceExisted {
            left += try await Namespaces(wish.kubectl).removeIfEmpty(namespace)
        }
        return left
    }

    package func undoing(_ parameters: [String: Value], prior: Value?) -> String? {
        guard let objects = try? prior?.decoded(as: Prior.self).objects else { return nil }
        let made = objects.filter { !$0.existed }.map(\.reference.description)
        var parts: [String] = []
        if !made.isEmpty {
            let more = made.count > 3 ? " and \(made.count - 3) more" : ""
            parts.append("deletes \(made.prefix(3).joined(separator: ", "))\(more)")
        }
        if made.count < objects.count { parts.append("puts back \(objects.count - made.count) that were there before") }
        return parts.joined(separator: "; ")
    }

    /// The step's parameters, understood.
    private struct Wish {
        let kubectl: Kubectl
        let objects: [KubernetesObject]
        let namespace: String?
        let createsNamespace: Bool

        init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
            kubectl = Kubectl(try access.overridden(by: input))
            namespace = try input.optionalString("namespace")
            createsNamespace = try input.flag("create_namespace")
            objects =
                switch input["manifests"] {
                case .string(let text): try ManifestReader.objects(in: text)
                case .array(let documents): try KubernetesObject.all(in: documents)
                case let value: try KubernetesObject.all(in: [value ?? .null])
                }
            guard !objects.isEmpty else {
                throw StepError(.permanent, "'manifests' holds no object", remedy: "name at least one object")
            }
        }

        var live: LiveObjects { LiveObjects(kubectl, namespace: namespace) }

        var output: StepOutput {
            StepOutput(["objects": .array(objects.map { .string($0.reference.description) })])
        }

        func namespaceExists() async throws(StepError) -> Bool {
            guard let namespace else { return true }
            return try await Namespaces(kubectl).exists(namespace)
        }

        @discardableResult
        func apply(_ objects: [KubernetesObject], force: Bool) async throws(StepError) -> ProcessResult {
            try await kubectl.run(
                ["apply", "--server-side", "--field-manager", Kubectl.fieldManager, "-f", "-"]
                    + (force ? ["--force-conflicts"] : []) + live.inNamespace,
                input: KubernetesObject.manifest(of: objects),
                object: objects.count == 1 ? objects.first.map { $0.reference.description } : "\(objects.count) objects"
            )
        }

        /// Deletes an object that this run created; a namespace only where nobody has put anything into it.
        func delete(_ object: KubernetesObject) async throws(StepError) -> [String] {
            if object.reference.group.isEmpty, object.kind == "Namespace" {
                return try await Namespaces(kubectl).removeIfEmpty(object.reference.name)
            }
            let (_, result) = try await kubectl.attempt(
                ["delete", "-f", "-", "--ignore-not-found", "--wait", "--timeout", "300s"] + live.inNamespace,
                input: KubernetesObject.manifest(of: [object]), object: object.reference.description)
            if result.succeeded || result.error.text.contains("no matches for kind") { return [] }
            throw ToolFailure(tool: "kubectl", object: object.reference.description).error(saying: result.error.text)
        }
    }
}
