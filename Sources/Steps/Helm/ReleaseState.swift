package import Foundation
package import Workflow

/// One revision in a release's history.
package struct ReleaseRevision: Hashable, Sendable {
    package var revision: Int
    package var status: String
    /// When its operation began.
    package var updated: Date?
    package var description: String

    /// `updated` in seconds since the Unix epoch.
    package var begun: Int? { updated.map { Int($0.timeIntervalSince1970) } }
    package var isPending: Bool { status.hasPrefix("pending-") }

    package init(revision: Int, status: String, updated: Date? = nil, description: String = "") {
        self.revision = revision
        self.status = status
        self.updated = updated
        self.description = description
    }

    init?(_ value: Value) {
        guard let revision = value["revision"]?.integerValue, let status = value["status"]?.stringValue else {
            return nil
        }
        self.init(
            revision: revision, status: status,
            updated: value["updated"]?.stringValue.flatMap(Self.date),
            description: value["description"]?.stringValue ?? "")
    }

    /// Go writes as many digits of a second as there are, which Foundation does not read; whole seconds are enough
    /// here.
    private static func date(_ text: String) -> Date? {
        try? Date(text.replacing(/\.\d+/, with: ""), strategy: .iso8601)
    }
}

/// What helm knows of one revision of a release.
package struct ReleaseState: Hashable, Sendable {
    package var revision: Int
    package var status: String
    package var chart: String
    package var chartVersion: String
    package var appVersion: String
    /// As the last install or upgrade was given them, without the chart's own.
    package var values: Value
    package var manifest: String
    /// The manifests of its hooks, which belong to no release once they have run.
    package var hooks: String
    /// The names of the custom resource definitions in the chart's `crds` folder.
    package var crds: [String]
    package var notes: String

    /// Names the parts in the answer of one `helm get all`; the manifest may hold any text, so it comes last.
    static let template = [
        "{{.Release.Info.Status}}", "{{.Release.Version}}", "{{.Release.Chart.Metadata.Name}}",
        "{{.Release.Chart.Metadata.Version}}", "{{.Release.Chart.Metadata.AppVersion}}",
        "{{range .Release.Chart.CRDObjects}}{{printf \"%s\" .File.Data}}\n---\n{{end}}",
        "{{range .Release.Hooks}}{{.Manifest}}\n---\n{{end}}", "{{.Release.Info.Notes}}", "{{.Release.Manifest}}",
    ].joined(separator: separator)

    /// A line that no manifest holds.
    private static let separator = "\n#=#=# runner #=#=#\n"

    init(_ text: String, values: Value) throws(StepError) {
        let parts = text.components(separatedBy: Self.separator)
        guard parts.count == 9, let revision = Int(parts[1]) else {
            throw StepError(.transient, "the answer of `helm get all` cannot be read")
        }
        status = parts[0]
        self.revision = revision
        chart = parts[2]
        chartVersion = parts[3]
        appVersion = parts[4]
        crds = try ManifestReader.objects(in: parts[5]).map(\.reference.name)
        hooks = parts[6]
        notes = parts[7]
        manifest = parts[8]
        self.values = values.isNull ? .object([:]) : values
    }

    /// The objects' usual full name: the release's, with the chart's behind it where it is not in it.
    package static func fullname(release: String, chart: String) -> String {
        let name = release.contains(chart) ? release : "\(release)-\(chart)"
        var short = name.prefix(63)
        while short.hasSuffix("-") { short.removeLast() }
        return String(short)
    }
}
