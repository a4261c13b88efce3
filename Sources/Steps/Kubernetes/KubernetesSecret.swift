package import Workflow

/// `kubernetes.secret`: a Secret with given and with generated values. What has been generated once is kept for good.
///
/// The cluster is the one place where generated values live, so a new run, or one on another machine, reads the same.
package struct KubernetesSecret: StepKind {
    package let name = "kubernetes.secret"
    package let summary = "Keeps a Kubernetes Secret; generates passwords and ids once and reads them ever after."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("name", .string, required: true, "The Secret's name."),
            Parameter("namespace", .string, required: true, "The Secret's namespace."),
            Parameter("create_namespace", .boolean, default: false, "Creates the namespace where it is missing."),
            Parameter("type", .string, default: "Opaque", "The Secret's type; fixed once it exists."),
            Parameter(
                "data", .map(.any), secret: true,
                "Texts by key; a null is not given, so that the key may stand under `generate` as well."),
            Parameter(
                "generate",
                .map(
                    .object([
                        Parameter(
                            "kind", .oneOf("alphanumeric", "hex", "uuid"), default: "alphanumeric",
                            "What it is made of."),
                        Parameter("length", .integer(8...256), default: 32, "Characters; a UUID has its own length."),
                    ])),
                "Keys to fill where they are missing; a key that has a value keeps it, and one that is given gets that."
            ),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("name", .string, "The Secret's name."),
        Parameter("namespace", .string, "The Secret's namespace."),
        Parameter("*", .string, secret: true, "Every key of the Secret, under its own name."),
    ]

    private let access: ClusterAccess
    private let randomBytes: @Sendable (Int) -> [UInt8]

    package init(_ access: ClusterAccess, randomBytes: @escaping @Sendable (Int) -> [UInt8]) {
        self.access = access
        self.randomBytes = randomBytes
    }

    /// Names alone: no value of a Secret is ever written down outside the cluster.
    private struct Prior: Codable {
        var existed: Bool
        var keys: [String]
        var namespaceExisted: Bool
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input, access)
        let live = try await wish.read()
        let prior = try Value(
            encoding: Prior(
                existed: live != nil, keys: live.map { $0.keys.sorted() } ?? [],
                namespaceExisted: try await Namespaces(wish.kubectl).exists(wish.namespace)))
        guard let live else { return .absent(prior: prior) }
        let changed = wish.data.filter { live[$0.key] != $0.value }.keys
        let missing = wish.generate.keys.filter { live[$0] == nil }
        if changed.isEmpty, missing.isEmpty { return .present(wish.output(live)) }
        let changes = Set(changed).union(missing).sorted().map { key in
            Change("\(wish.object) data.\(key)", from: live[key].map { _ in Sensitive.hidden }, to: Sensitive.hidden)
        }
        return .differs(changes, prior: prior)
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try Wish(input, access)
        if wish.createsNamespace { try await Namespaces(wish.kubectl).create(wish.namespace) }
        let live = try await wish.read() ?? [:]
        var data = wish.data
        // Kept values are sent along: a field that its manager no longer applies is removed by the server.
        for (key, rule) in wish.generate { data[key] = live[key] ?? rule.generate(randomBytes) }
        let secret = try KubernetesObject([
            "apiVersion": "v1", "kind": "Secret", "type": .string(wish.type),
            "metadata": ["name": .string(wish.name), "namespace": .string(wish.namespace)],
            "data": .object(data.mapValues { .string(Base64.encoded($0)) }),
        ])
        try await wish.kubectl.run(
            ["apply", "--server-side", "--force-conflicts", "--field-manager", Kubectl.fieldManager, "-f", "-"],
            input: KubernetesObject.manifest(of: [secret]), object: wish.object)
        return wish.output(live.merging(data) { $1 })
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let record = try prior?.decoded(as: Prior.self) else { return [] }
        let wish = try Wish(input, access)
        guard record.existed else {
            try await wish.kubectl.run(
                ["delete", "secret", wish.name, "--namespace", wish.namespace, "--ignore-not-found"],
                object: wish.object)
            return wish.createsNamespace && !record.namespaceExisted
                ? try await Namespaces(wish.kubectl).removeIfEmpty(wish.namespace) : []
        }
        guard let live = try await wish.read() else { return [] }
        let added = Set(wish.data.keys).union(wish.generate.keys).subtracting(record.keys).intersection(live.keys)
        if !added.isEmpty {
            let patch = Value.object(["data": .object(added.reduce(into: [:]) { $0[$1] = .null })])
            try await wish.kubectl.run(
                [
                    "patch", "secret", wish.name, "--namespace", wish.namespace, "--type", "merge", "--patch",
                    patch.canonicalJSON,
                ],
                object: wish.object)
        }
        return Set(wish.data.keys).intersection(record.keys).sorted()
            .map { "\(wish.object) keeps this run's value of '\($0)': the earlier one is not recorded" }
    }

    private struct Wish {
        let kubectl: Kubectl
        let name: String
        let namespace: String
        let createsNamespace: Bool
        let type: String
        let data: [String: String]
        let generate: [String: GeneratedValue]

        init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
            kubectl = Kubectl(try access.overridden(by: input))
            name = try input.string("name")
            namespace = try input.string("namespace")
            createsNamespace = try input.flag("create_namespace")
            type = try input.optionalString("type") ?? "Opaque"
            let given = try input.object("data").filter { !$0.value.isNull }
            if let key = given.keys.sorted().first(where: { given[$0]?.stringValue == nil }) {
                throw StepError(.permanent, "'data.\(key)' is no text", object: name, remedy: "put it into quotes")
            }
            data = given.compactMapValues(\.stringValue)
            generate = try input.object("generate").filter { given[$0.key] == nil }
                .mapValues { GeneratedValue($0) }
        }

        var object: String { "Secret \(namespace)/\(name)" }

        func output(_ values: [String: String]) -> StepOutput {
            StepOutput(["name": .string(name), "namespace": .string(namespace)], secrets: values)
        }

        /// The Secret's values; nil where there is none. A key whose value is no text is left out.
        func read() async throws(StepError) -> [String: String]? {
            let secret = try await kubectl.json(
                ["get", "secret", name, "--namespace", namespace, "--ignore-not-found"], object: object)
            guard !secret.isNull else { return nil }
            return (secret["data"]?.objectValue ?? [:]).compactMapValues { $0.stringValue.flatMap(Base64.decoded) }
        }
    }
}
