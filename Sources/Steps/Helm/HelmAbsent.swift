package import Workflow

/// `helm.absent`: no release of this name. Its data volumes go with it as far as the chart has made them itself: see
/// `kubernetes.volumes` for what keeps them.
package struct HelmAbsent: StepKind {
    package let name = "helm.absent"
    package let summary = "Uninstalls a Helm release and waits until its objects are gone."
    package let reverting = Reverting.impossible("an uninstalled release cannot be brought back")
    package let parameters =
        [
            Parameter(
                "release", .string(pattern: "[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?"), required: true, "The release's name."
            ),
            Parameter("namespace", .string, required: true, "The release's namespace."),
            Parameter("chart", .string, "The name of its chart, as a second proof that it is meant."),
            Parameter("timeout", .duration, default: "10m", "Longest time for helm, and then for its objects to go."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("release", .string, "The release's name."),
        Parameter("namespace", .string, "The release's namespace."),
        Parameter("left", .array(.string), "What this run's uninstall has left behind, a line each."),
    ]

    private let access: ClusterAccess
    private let versions: HelmVersionCache

    package init(_ access: ClusterAccess, versions: HelmVersionCache) {
        self.access = access
        self.versions = versions
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let releases = try releases(input, context)
        guard let last = try await releases.history().last, last.status != "uninstalled" else {
            let ending = try await releases.ending()
            guard ending.isEmpty else {
                let names = ending.map(\.reference.description).joined(separator: ", ")
                return .differs([Change(releases.object, from: .string("uninstalled, but not gone yet: \(names)"))])
            }
            return .present(output(releases, left: []))
        }
        if let chart = try input.optionalString("chart") {
            let found = try await releases.state(revision: last.revision).chart
            guard found == chart else {
                throw StepError(
                    .conflict, "it is a release of the chart '\(found)', not of '\(chart)'", object: releases.object,
                    remedy: "find out whose it is; it is not removed here")
            }
        }
        return .differs([Change(releases.object, from: .string("revision \(last.revision), \(last.status)"))])
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let releases = try releases(input, context)
        let commands = HelmCommands(
            try await versions.version(of: access.helm, releases.helm), release: releases.release,
            namespace: releases.namespace)
        let timeout = try input.duration("timeout") ?? .seconds(600)
        let left = try await ReleaseRemoval(releases: releases, commands: commands, timeout: timeout).remove()
        for line in left { context.log(.note, line) }
        return output(releases, left: left)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] { ["\(try releases(input, context).object) stays uninstalled"] }

    private func releases(_ input: StepInput, _ context: StepContext) throws(StepError) -> Releases {
        let access = try access.overridden(by: input)
        return Releases(
            helm: Helm(access, dataDirectory: context.dataDirectory), kubectl: Kubectl(access),
            release: try input.string("release"), namespace: try input.string("namespace"))
    }

    private func output(_ releases: Releases, left: [String]) -> StepOutput {
        StepOutput([
            "release": .string(releases.release), "namespace": .string(releases.namespace),
            "left": .array(left.map { .string($0) }),
        ])
    }
}
