package import Workflow

/// `kubernetes.volumes`: what becomes of volumes, and the data in them, when their claims are deleted.
///
/// Charts delete claims of their own together with a release. A volume that is retained outlives its claim, with the name
/// of that claim on it.
package struct KubernetesVolumes: StepKind {
    package let name = "kubernetes.volumes"
    package let summary = "Says whether the volumes of namespaces outlive their claims."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("namespaces", .array(.string), required: true, "The namespaces of the claims, gone ones too."),
            Parameter(
                "reclaim", .oneOf("Retain", "Delete"), required: true,
                "`Retain`: a volume outlives its claim; `Delete`: it goes with it, and at once where that is gone."),
        ] + ClusterAccess.parameters
    package let outputs = [Parameter("volumes", .array(.string), "The names of the volumes.")]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wanted = try input.string("reclaim")
        let volumes = try await volumes(input)
        let others = volumes.filter { $0.reclaim != wanted }
        guard !others.isEmpty else { return .present(Self.output(volumes)) }
        return .differs(
            others.map { Change("\($0.description) reclaim policy", from: .string($0.reclaim), to: .string(wanted)) },
            prior: .object(others.reduce(into: [:]) { $0[$1.name] = .string($1.reclaim) }))
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wanted = try input.string("reclaim")
        let volumes = try await volumes(input)
        let kubectl = Kubectl(try access.overridden(by: input))
        for volume in volumes where volume.reclaim != wanted { try await volume.set(wanted, kubectl) }
        return Self.output(volumes)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        let previous = prior?.objectValue ?? [:]
        let wanted = try input.string("reclaim")
        let kubectl = Kubectl(try access.overridden(by: input))
        var left: [String] = []
        for volume in try await volumes(input) where volume.reclaim == wanted {
            guard let policy = previous[volume.name]?.stringValue else { continue }
            if volume.isBound {
                try await volume.set(policy, kubectl)
            } else {
                // With its former policy it would be deleted at once.
                left.append("\(volume.description) stays with the policy \(wanted): its claim is gone")
            }
        }
        return left
    }

    private func volumes(_ input: StepInput) async throws(StepError) -> [ClaimedVolume] {
        try await ClaimedVolume.all(of: Set(try input.strings("namespaces")), Kubectl(try access.overridden(by: input)))
    }

    private static func output(_ volumes: [ClaimedVolume]) -> StepOutput {
        StepOutput(["volumes": .array(volumes.map { .string($0.name) })])
    }
}

/// A volume that a claim has, or has had.
struct ClaimedVolume: Hashable, Sendable {
    let name: String
    /// As `namespace/name`.
    let claim: String
    let size: String
    let reclaim: String
    let isBound: Bool

    var description: String { "PersistentVolume \(name) of claim \(claim)" }

    /// The volumes whose claims are or were in these namespaces, by name.
    static func all(of namespaces: Set<String>, _ kubectl: Kubectl) async throws(StepError) -> [ClaimedVolume] {
        try await kubectl.items(["get", "persistentvolumes"], object: "volumes").compactMap { item in
            let spec = item["spec"]
            guard let name = item["metadata"]?["name"]?.stringValue, let claim = spec?["claimRef"],
                let namespace = claim["namespace"]?.stringValue, namespaces.contains(namespace)
            else { return nil }
            return ClaimedVolume(
                name: name, claim: "\(namespace)/\(claim["name"]?.stringValue ?? "")",
                size: spec?["capacity"]?["storage"]?.stringValue ?? "",
                reclaim: spec?["persistentVolumeReclaimPolicy"]?.stringValue ?? "Retain",
                isBound: item["status"]?["phase"]?.stringValue == "Bound")
        }.sorted { $0.name < $1.name }
    }

    func set(_ policy: String, _ kubectl: Kubectl) async throws(StepError) {
        let patch: Value = ["spec": ["persistentVolumeReclaimPolicy": .string(policy)]]
        let arguments = ["patch", "persistentvolume", name, "--type", "merge", "--patch", patch.canonicalJSON]
        let (_, result) = try await kubectl.attempt(arguments, object: description)
        // One that has been deleted meanwhile needs no policy.
        guard !result.succeeded, !result.error.text.contains("NotFound") else { return }
        throw ToolFailure(tool: "kubectl", object: description).error(saying: result.error.text)
    }
}
