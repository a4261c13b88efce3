import Workflow

/// Where a release's chart comes from.
package enum ChartSource: Hashable, Sendable {
    /// A chart of a repository, by its plain name.
    case repository(RepositoryAccess, name: String)
    /// `oci://host/path/chart`.
    case registry(String, RegistryAccess?)
    /// A chart's folder or `.tgz` file on this machine.
    case local(path: String)

    /// Reads the parameters `chart`, `repository` and `registry`.
    init(_ input: StepInput) throws(StepError) {
        let chart = try input.string("chart")
        if chart.hasPrefix("oci://") {
            let registry = try input["registry"]?.objectValue
                .map { members throws(StepError) in try HelmParameters.registry(StepInput(members)) }
            self = .registry(chart, registry)
        } else if let repository = input["repository"]?.objectValue {
            guard !chart.contains("/") else {
                throw StepError(
                    .permanent, "a chart of a repository has a plain name, without an alias", object: chart,
                    remedy: "write '\(chart.split(separator: "/").last ?? "")'")
            }
            self = .repository(try HelmParameters.repository(StepInput(repository)), name: chart)
        } else {
            self = .local(path: chart)
        }
    }

    /// The chart's name, as far as the reference tells; nil for files.
    package var name: String? {
        switch self {
        case .repository(_, let name): name
        case .registry(let url, _): url.split(separator: "/").last.map { String($0.prefix { $0 != ":" && $0 != "@" }) }
        case .local: nil
        }
    }

    package var description: String {
        switch self {
        case .repository(let repository, let name): "chart \(name) of \(repository.url)"
        case .registry(let url, _): "chart \(url)"
        case .local(let path): "chart \(path)"
        }
    }
}
