package import Workflow

/// `kubernetes.scale`: stops workloads, and lets them run again as they did.
///
/// How many replicas there were stands on the object itself, as an annotation, so that another run knows it too.
package struct KubernetesScale: StepKind {
    /// Where an object that was stopped says how many replicas it had.
    static let annotation = "runner/replicas"

    package let name = "kubernetes.scale"
    package let summary =
        "Stops Deployments or StatefulSets, or lets them run again with as many replicas as before."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter(
                "kind", .oneOf("deployment", "statefulset"), default: "deployment", "The objects' kind."),
            Parameter("release", .string, required: true, "The Helm release that they belong to."),
            Parameter("namespace", .string, required: true, "Their namespace."),
            Parameter(
                "state", .oneOf("stopped", "running"), required: true,
                "`stopped`: no replicas; `running`: what was stopped so has as many as before."),
            Parameter(
                "timeout", .duration, default: "10m",
                "Longest wait until they are ready, where they run again."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("replicas", .map(.integer), "How many replicas each has while it runs, by name.")
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try Wish(input, access)
        let workloads = try await wish.workloads()
        guard !workloads.isEmpty else {
            throw StepError(
                .permanent, "there is none", object: wish.target,
                remedy: "correct 'release' or 'namespace'")
        }
        let toChange = workloads.filter { wish.replicas(of: $0) != $0.replicas }
        guard !toChange.isEmpty else { return .present(Self.output(workloads)) }
        return .differs(
            toChange.map { workload in
                Change(
                    "\(wish.kind)/\(workload.name) spec.replicas", from: .integer(workload.replicas),
                    to: .integer(wish.replicas(of: workload)))
            },
            prior: .object(
                Dictionary(uniqueKeysWithValues: toChange.map { ($0.name, .integer($0.replicas)) })))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws
        -> StepOutput
    {
        let wish = try Wish(input, access)
        let workloads = try await wish.workloads()
        for workload in workloads where wish.replicas(of: workload) != workload.replicas {
            try await wish.scale(workload, to: wish.replicas(of: workload))
        }
        if !wish.stops {
            for workload in workloads { try await wish.awaitRollout(of: workload, context) }
        }
        return Self.output(workloads)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let before = prior?.objectValue else { return [] }
        let wish = try Wish(input, access)
        var left: [String] = []
        for workload in try await wish.workloads() {
            guard let old = before[workload.name]?.integerValue, old != workload.replicas else {
                continue
            }
            // Stopped, it has none; what is running has more than none, whoever has scaled it since.
            guard (old == 0) == (workload.replicas > 0) else {
                left.append(
                    "\(wish.kind)/\(workload.name) keeps \(workload.replicas) replicas: it was scaled since")
                continue
            }
            try await wish.scale(workload, to: old)
        }
        return left
    }

    private static func output(_ workloads: [Workload]) -> StepOutput {
        let replicas = workloads.map {
            ($0.name, Value.integer($0.replicas > 0 ? $0.replicas : $0.remembered ?? 0))
        }
        return StepOutput(["replicas": .object(Dictionary(replicas) { $1 })])
    }

    private struct Workload: Sendable {
        let name: String
        let replicas: Int
        /// What it had before it was stopped; nil where it was not.
        let remembered: Int?
    }

    private struct Wish {
        let kubectl: Kubectl
        let kind: String
        let release: String
        let namespace: String
        let stops: Bool
        let seconds: Int

        init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
            kubectl = Kubectl(try access.overridden(by: input))
            kind = try input.string("kind")
            release = try input.string("release")
            namespace = try input.string("namespace")
            stops = try input.string("state") == "stopped"
            seconds = Int((try input.duration("timeout") ?? .seconds(600)).components.seconds)
        }

        var target: String { "\(kind) of release \(namespace)/\(release)" }

        func workloads() async throws(StepError) -> [Workload] {
            let items = try await kubectl.items(["get", kind, "--namespace", namespace], object: target)
            return items.compactMap { item in
                let annotations = item["metadata"]?["annotations"]
                // Helm's own mark: charts choose their labels themselves.
                guard annotations?["meta.helm.sh/release-name"]?.stringValue == release,
                    let name = item["metadata"]?["name"]?.stringValue
                else { return nil }
                let mark = annotations?[KubernetesScale.annotation]?.stringValue
                return Workload(
                    name: name, replicas: item["spec"]?["replicas"]?.integerValue ?? 1,
                    remembered: mark.flatMap { Int($0) })
            }
        }

        /// How many it is to have. One that runs, or was stopped by somebody else, keeps what it has.
        func replicas(of workload: Workload) -> Int {
            if stops { return 0 }
            return workload.replicas > 0 ? workload.replicas : workload.remembered ?? 0
        }

        /// Count and memory in one change: neither is ever there without the other.
        func scale(_ workload: Workload, to replicas: Int) async throws(StepError) {
            let mark: Value = replicas == 0 ? .string(String(workload.replicas)) : .null
            let patch: Value = [
                "metadata": ["annotations": [KubernetesScale.annotation: mark]],
                "spec": ["replicas": .integer(replicas)],
            ]
            try await kubectl.run(
                [
                    "patch", "\(kind)/\(workload.name)", "--namespace", namespace, "--type", "merge",
                    "--field-manager",
                    Kubectl.fieldManager, "--patch", patch.canonicalJSON,
                ], object: "\(kind)/\(workload.name)")
        }

        func awaitRollout(of workload: Workload, _ context: StepContext) async throws(StepError) {
            try await kubectl.run(
                [
                    "rollout", "status", "\(kind)/\(workload.name)", "--namespace", namespace, "--timeout",
                    "\(seconds)s",
                ], object: "\(kind)/\(workload.name)", onLine: { context.log(.stdout, $0.text) })
        }
    }
}
