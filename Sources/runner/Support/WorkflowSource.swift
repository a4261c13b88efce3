import Foundation
import Workflow

/// Finds and loads the workflow that an argument names.
struct WorkflowSource {
    let catalog: StepCatalog
    let environment: [String: String]

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

    /// Whether there is a workflow of this name in one of the folders.
    static func exists(_ name: String, _ environment: [String: String]) -> Bool {
        folders(environment).contains { FileManager.default.fileExists(atPath: "\($0)/\(name).yaml") }
    }

    private var folders: [String] { Self.folders(environment) }

    private static func folders(_ environment: [String: String]) -> [String] {
        var folders = ["workflows"]
        if let named = environment["RUNNER_WORKFLOWS"] { folders.insert(named, at: 0) }
        if let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() {
            folders.append(program.appending(path: "../share/runner/workflows").standardized.path)
        }
        return folders
    }
}
