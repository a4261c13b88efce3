import Foundation
import Workflow

/// Fetches charts, with credentials that live for as long as the fetch.
struct ChartStore: Sendable {
    private let helm: Helm
    private let files: PrivateFiles

    init(_ helm: Helm, files: PrivateFiles) {
        self.helm = helm
        self.files = files
    }

    /// A chart on this machine.
    struct Chart: Hashable, Sendable {
        /// Its folder or `.tgz` file.
        let path: String
        let name: String
        let version: String
    }

    /// Gives `body` the chart as a file that is there until `body` ends.
    func withChart<Result: Sendable>(
        _ source: ChartSource, version: String?, _ body: (Chart) async throws -> Result
    ) async throws -> Result {
        guard case .local(let path) = source else {
            return try await files.withDirectory { directory in
                let path = try await fetch(source, version: version, to: directory.path + "/download")
                return try await body(try await describe(path, source))
            }
        }
        return try await body(try await local(path, version: version))
    }

    /// Looks at a chart on this machine.
    ///
    /// - Throws: A permanent error where there is none, or one of another version.
    func local(_ path: String, version: String?) async throws(StepError) -> Chart {
        guard FileManager.default.fileExists(atPath: path) else {
            throw StepError(
                .permanent, "there is no such file or folder", object: "chart \(path)",
                remedy: "give the path of a chart's .tgz file or folder, or name its 'repository'")
        }
        let chart = try await describe(path, .local(path: path))
        if let version, version != chart.version {
            throw StepError(
                .permanent, "the chart's version is \(chart.version), and \(version) is asked for",
                object: "chart \(path)", remedy: "correct 'version', or give the right file")
        }
        return chart
    }

    /// Logs in to a registry, and forgets the login.
    func login(to registry: RegistryAccess) async throws {
        guard let username = registry.username, let password = registry.password else { return }
        let anonymous = RegistryAccess(host: registry.host, ca: registry.ca, plainHTTP: registry.plainHTTP)
        try await files.withDirectory { directory in
            let credentials = try HelmCredentials(anonymous, in: directory)
            try await helm.run(
                ["registry", "login", registry.host, "--username", username, "--password-stdin"]
                    + (registry.plainHTTP ? ["--plain-http"] : [])
                    + (credentials.caFile.map { ["--ca-file", $0] } ?? []),
                input: password, credentials: credentials, onCluster: false, object: "registry \(registry.host)")
        }
    }

    /// Which of the charts, written as `name` or `name@version`, the repository does not have.
    func missing(_ charts: [String], in repository: RepositoryAccess) async throws -> [String] {
        try await files.withDirectory { directory in
            let credentials = try HelmCredentials(repository, in: directory)
            try await update(repository, credentials)
            var missing: [String] = []
            for chart in charts {
                let parts = chart.split(separator: "@", maxSplits: 1).map(String.init)
                let name = "\(HelmCredentials.repositoryName)/\(parts.first ?? "")"
                let version = parts.count > 1 ? parts[1] : ">0.0.0-0"
                let answer = try await helm.json(
                    ["search", "repo", name, "--version", version], credentials: credentials, onCluster: false,
                    object: repository.url)
                let found = answer.arrayValue ?? []
                if !found.contains(where: { $0["name"]?.stringValue == name }) { missing.append("'\(chart)'") }
            }
            return missing
        }
    }

    /// Which of the charts, written as `oci://host/path/name@version`, the registry does not have.
    func missing(_ charts: [String], in registry: RegistryAccess) async throws -> [String] {
        try await files.withDirectory { directory in
            let credentials = try HelmCredentials(registry, in: directory)
            var missing: [String] = []
            for chart in charts {
                let parts = chart.split(separator: "@", maxSplits: 1).map(String.init)
                let arguments = ["show", "chart", parts.first ?? ""] + Self.options(registry, credentials)
                do {
                    try await helm.run(
                        arguments + (parts.count > 1 ? ["--version", parts[1]] : []), credentials: credentials,
                        onCluster: false, object: "chart \(chart)")
                } catch let error as StepError where error.kind == .permanent && Self.isAbsence(error.message) {
                    missing.append("'\(chart)'")
                }
            }
            return missing
        }
    }

    /// Whether a registry says that it has no such chart, or no such version of it.
    private static func isAbsence(_ text: String) -> Bool {
        ["not found", "name unknown", "manifest unknown"].contains { text.contains($0) }
    }

    /// Helm's options for reading from a registry.
    private static func options(_ registry: RegistryAccess?, _ credentials: HelmCredentials?) -> [String] {
        (registry?.plainHTTP == true ? ["--plain-http"] : []) + (credentials?.caFile.map { ["--ca-file", $0] } ?? [])
    }

    private func update(_ repository: RepositoryAccess, _ credentials: HelmCredentials) async throws(StepError) {
        let result = try await helm.run(
            ["repo", "update", HelmCredentials.repositoryName], credentials: credentials, onCluster: false,
            object: repository.url)
        // Helm 3 tells of its failure here and exits with 0.
        guard !result.output.text.contains("Unable to get an update") else {
            throw ToolFailure(tool: "helm", object: repository.url, place: .charts).error(saying: result.output.text)
        }
    }

    /// Downloads a chart into a new folder, and returns the file's path.
    private func fetch(_ source: ChartSource, version: String?, to folder: String) async throws -> String {
        try await files.withDirectory { directory in
            let credentials: HelmCredentials?
            var arguments: [String]
            switch source {
            case .repository(let repository, let name):
                let access = try HelmCredentials(repository, in: directory)
                try await update(repository, access)
                credentials = access
                arguments = ["\(HelmCredentials.repositoryName)/\(name)"]
            case .registry(let url, let registry):
                credentials = try registry.map { try HelmCredentials($0, in: directory) }
                arguments = [url] + Self.options(registry, credentials)
            case .local(let path): return path
            }
            arguments += version.map { ["--version", $0] } ?? []
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await helm.run(
                ["pull"] + arguments + ["--destination", folder], credentials: credentials, onCluster: false,
                object: source.description + (version.map { " \($0)" } ?? ""))
            guard
                let file = try FileManager.default.contentsOfDirectory(atPath: folder).first(where: {
                    $0.hasSuffix(".tgz")
                })
            else {
                throw StepError(.transient, "helm pull has left no file", object: source.description)
            }
            return "\(folder)/\(file)"
        }
    }

    private func describe(_ path: String, _ source: ChartSource) async throws(StepError) -> Chart {
        let result: ProcessResult
        do throws(StepError) {
            result = try await helm.run(["show", "chart", path], onCluster: false, object: source.description)
        } catch {
            guard case .local = source, error.kind == .transient else { throw error }
            throw StepError(
                .permanent, error.message, object: source.description,
                remedy: "this is no chart, or not a whole one: get the file again")
        }
        let metadata = try ManifestReader.documents(in: result.output.text).first ?? .null
        guard let name = metadata["name"]?.stringValue, let version = metadata["version"] else {
            throw StepError(
                .permanent, "this is no chart: its Chart.yaml has no name or version", object: source.description,
                remedy: "give another chart")
        }
        return Chart(path: path, name: name, version: version.stringValue ?? version.canonicalJSON)
    }
}
