import Foundation
import Steps
import Workflow

/// Finds and loads the workflow that an argument names.
struct WorkflowSource {
    private let catalog: StepCatalog
    private let folders: [String]

    init(catalog: StepCatalog, environment: [String: String]) {
        self.catalog = catalog
        folders = Self.folders(environment)
    }

    init(environment: [String: String]) throws {
        self.init(catalog: try .standard(environment: environment), environment: environment)
    }

    /// - Parameter name: A path of a YAML file, or the name of a workflow in one of the folders.
    func load(_ name: String) throws -> Workflow {
        try WorkflowLoader.load(path: try path(of: name), catalog: catalog, read: Self.read)
    }

    static func read(_ path: String) throws -> Data {
        guard FileManager.default.fileExists(atPath: path) else { throw WorkflowLoader.FileMissing() }
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    func path(of name: String) throws -> String {
        if FileManager.default.fileExists(atPath: name), name.contains("/") || name.contains(".") { return name }
        for folder in folders {
            let path = "\(folder)/\(name).yaml"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw CommandFailure(
            .notFound, "there is no workflow '\(name)'",
            fix: "give the path of its file, or a name of one in \(folders.joined(separator: ", "))")
    }

    /// The names of all workflows in the folders.
    static func names(_ environment: [String: String]) -> [String] {
        let files = folders(environment).flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
        return Set(files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }).sorted()
    }

    /// `$RUNNER_WORKFLOWS`, `workflows` here, and those that were installed with the program.
    private static func folders(_ environment: [String: String]) -> [String] {
        var folders = ["workflows"]
        if let named = environment["RUNNER_WORKFLOWS"] { folders.insert(named, at: 0) }
        if let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() {
            folders.append(program.appending(path: "../share/runner/workflows").standardized.path)
        }
        return folders
    }
}
