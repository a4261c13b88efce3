package import Workflow

/// `kubernetes.label`: labels on a node or any other object.
package struct KubernetesLabel: StepKind {
    package let name = "kubernetes.label"
    package let summary = "Sets labels of a node or another Kubernetes object."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("kind", .string, default: "node", "The object's kind, such as `node` or `deployment.apps`."),
            Parameter("object", .string, required: true, "The object's name."),
            Parameter("namespace", .string, "The object's namespace; none for nodes."),
            Parameter("labels", .map(.string), required: true, "The labels to set, by name."),
            Parameter(
                "overwrite", .boolean, default: false,
                "Changes a label that has another value; without it such a label is a conflict."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("object", .string, "The object, as `kind/name`."),
        Parameter("labels", .map(.string), "The labels that were asked for."),
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input, access)
        let labels = try await wish.liveLabels()
        let changes = wish.labels.sorted { $0.key < $1.key }.compactMap { name, value in
            labels[name]?.stringValue == value
                ? nil : Change("\(wish.target) metadata.labels[\(name)]", from: labels[name], to: .string(value))
        }
        if changes.isEmpty { return .present(wish.output) }
        // Null stands for a label that was not there.
        let prior = Value.object(wish.labels.reduce(into: [:]) { $0[$1.key] = labels[$1.key] ?? .null })
        return changes.allSatisfy { $0.from == nil } ? .absent(prior: prior) : .differs(changes, prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try Wish(input, access)
        let live = try await wish.liveLabels()
        for (name, value) in wish.labels where !wish.overwrites {
            if let other = live[name]?.stringValue, other != value {
                throw StepError(
                    .conflict, "label '\(name)' is '\(other)' and should be '\(value)'", object: wish.target,
                    remedy: "find out who set it, then set `overwrite: true` or remove the label")
            }
        }
        try await wish.set(wish.labels.mapValues { .string($0) })
        return wish.output
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let previous = prior?.objectValue else { return [] }
        let wish = try Wish(input, access)
        guard try await wish.isThere() else { return [] }  // gone with its labels
        let live = try await wish.liveLabels()
        // What somebody has changed since is theirs.
        let ours = previous.filter { live[$0.key]?.stringValue == wish.labels[$0.key] }
        if !ours.isEmpty { try await wish.set(ours) }
        return previous.keys.sorted().filter { ours[$0] == nil && live[$0] != previous[$0] && live[$0] != nil }
            .map { "\(wish.target): label '\($0)' stays, it has been changed since" }
    }

    private struct Wish {
        let kubectl: Kubectl
        let kind: String
        let name: String
        let namespace: String?
        let labels: [String: String]
        let overwrites: Bool

        init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
            kubectl = Kubectl(try access.overridden(by: input))
            kind = try input.optionalString("kind") ?? "node"
            name = try input.string("object")
            namespace = try input.optionalString("namespace")
            labels = try input.object("labels").compactMapValues { $0.stringValue }
            overwrites = try input.flag("overwrite")
        }

        var target: String { "\(kind)/\(name)" }
        var output: StepOutput {
            StepOutput(["object": .string(target), "labels": .object(labels.mapValues { .string($0) })])
        }
        private var place: [String] { [target] + (namespace.map { ["--namespace", $0] } ?? []) }

        func liveLabels() async throws(StepError) -> [String: Value] {
            try await kubectl.json(["get"] + place, object: target)["metadata"]?["labels"]?.objectValue ?? [:]
        }

        func isThere() async throws(StepError) -> Bool {
            try await !kubectl.json(["get"] + place + ["--ignore-not-found"], object: target).isNull
        }

        /// Sets labels; null removes one.
        func set(_ labels: [String: Value]) async throws(StepError) {
            let arguments = labels.sorted { $0.key < $1.key }
                .map { name, value in value.stringValue.map { "\(name)=\($0)" } ?? "\(name)-" }
            try await kubectl.run(
                ["label"] + place + ["--overwrite", "--field-manager", Kubectl.fieldManager] + arguments, object: target
            )
        }
    }
}
