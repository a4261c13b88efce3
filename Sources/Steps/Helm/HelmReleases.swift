package import Workflow

/// `helm.releases`: what is installed in namespaces, whoever has installed it.
package struct HelmReleases: CheckingStepKind {
    package let name = "helm.releases"
    package let summary = "Lists the Helm releases of namespaces, with their charts and versions."
    package let parameters =
        [
            Parameter(
                "namespaces", .array(.string), required: true,
                "The namespaces; each has to be there, but for `allow_missing`."),
            Parameter(
                "allow_missing", .boolean, default: false, "Passes over a namespace that is not there: it has none."),
            Parameter("charts", .array(.string), "Names of charts: releases of others are left out; none: all."),
        ] + ClusterAccess.parameters
    package let outputs = [
        Parameter("versions", .map(.string), "The versions of their charts, by release; for one namespace."),
        Parameter("chart_versions", .map(.string), "The same by chart."),
        Parameter(
            "releases", .array(.map(.any)),
            "The releases in the order of the namespaces, and by name in each: `release`, `namespace`, `chart`, `chart_version`, `revision`, `status`."
        ),
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        let access = try access.overridden(by: input)
        let charts = try input.strings("charts")
        var versions: [String: Value] = [:]
        var byChart: [String: Value] = [:]
        var releases: [Value] = []
        for namespace in try input.strings("namespaces") {
            guard try await Namespaces(Kubectl(access)).exists(namespace) else {
                if try input.flag("allow_missing") { continue }
                throw StepError(
                    .permanent, "there is no such namespace", object: "namespace \(namespace)",
                    remedy: "name the namespace that the releases are in")
            }
            // Helm 3 lists no unfinished ones by itself, and helm 4 has no `--all`.
            let answer = try await Helm(access, dataDirectory: context.dataDirectory).json(
                ["list", "--deployed", "--failed", "--pending", "--namespace", namespace],
                object: "releases of namespace \(namespace)")
            let found = (answer.arrayValue ?? []).compactMap(InstalledRelease.init)
                .filter { charts.isEmpty || charts.contains($0.chart) }
            for release in found.sorted(by: { $0.name < $1.name }) {
                versions[release.name] = .string(release.version)
                byChart[release.chart] = .string(release.version)
                releases.append([
                    "release": .string(release.name), "namespace": .string(namespace), "chart": .string(release.chart),
                    "chart_version": .string(release.version), "revision": .integer(release.revision),
                    "status": .string(release.status),
                ])
            }
        }
        return StepOutput([
            "versions": .object(versions), "chart_versions": .object(byChart), "releases": .array(releases),
        ])
    }
}

/// A line of helm's list, which writes chart and version as one word.
package struct InstalledRelease: Hashable, Sendable {
    package let name: String
    package let chart: String
    package let version: String
    package let revision: Int
    package let status: String

    package init?(_ value: Value) {
        guard let name = value["name"]?.stringValue, let word = value["chart"]?.stringValue,
            let status = value["status"]?.stringValue, let revision = value["revision"],
            // The first dash with a version behind it: names hold dashes and digits, versions are three numbers.
            let match = word.wholeMatch(of: /(.+?)-(v?[0-9]+\.[0-9]+\.[0-9]+.*)/)
        else { return nil }
        self.name = name
        self.status = status
        chart = String(match.1)
        version = String(match.2)
        // A number in text.
        self.revision = revision.integerValue ?? Int(revision.stringValue ?? "") ?? 0
    }
}
