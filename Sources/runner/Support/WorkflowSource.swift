import ArgumentParser
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

    private var folders: [String] {
        var folders = ["workflows"]
        if let named = environment["RUNNER_WORKFLOWS"] { folders.insert(named, at: 0) }
        if let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() {
            folders.append(program.appending(path: "../share/runner/workflows").standardized.path)
        }
        return folders
    }
}

/// The options that give a workflow its inputs and secrets.
struct GivenOptions: ParsableArguments {
    @Option(name: [.customShort("i"), .customLong("input")], help: ArgumentHelp("An input. May be repeated.", valueName: "name=value"))
    var inputs: [String] = []

    @Option(name: [.customShort("f"), .customLong("inputs")], help: ArgumentHelp("A YAML file of inputs; those given with -i win.", valueName: "file"))
    var files: [String] = []

    @Option(
        name: .customLong("secret"),
        help: ArgumentHelp(
            "Where a secret comes from: env:VARIABLE, file:PATH, kubernetes:NAMESPACE/NAME/KEY or exec:COMMAND. May be repeated. Without it, RUNNER_SECRET_NAME is looked for in the environment.",
            valueName: "name=source"))
    var secrets: [String] = []

    /// The inputs, checked, with defaults.
    func values(for definition: WorkflowDefinition) throws -> [String: Value] {
        var given: [String: Value] = [:]
        for file in files {
            guard let text = FileManager.default.contents(atPath: file) else {
                throw CommandFailure(.notFound, "there is no file \(file)", fix: "correct the path after -f")
            }
            let value = try Value(yaml: String(decoding: text, as: UTF8.self), file: file)
            guard let members = value.objectValue ?? (value.isNull ? [:] : nil) else {
                throw CommandFailure(.badData, "\(file) holds no inputs", fix: "write 'name: value' lines")
            }
            given.merge(members) { $1 }
        }
        let texts = try pairs(inputs, option: "-i")
        given.merge(try definition.coerceInputs(texts)) { $1 }
        return try definition.resolveInputs(given: given)
    }

    /// The secrets' sources by name: those given, and those found in the environment.
    func sources(for definition: WorkflowDefinition, _ environment: [String: String]) throws -> [String: String] {
        var sources = try pairs(secrets, option: "--secret")
        for secret in definition.secrets where sources[secret.name] == nil {
            let variable = "RUNNER_SECRET_" + secret.name.uppercased().replacing("-", with: "_")
            if environment[variable] != nil { sources[secret.name] = "env:\(variable)" }
        }
        try definition.checkSecrets(bound: Set(sources.keys))
        return sources
    }

    func pairs(_ texts: [String], option: String) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandFailure(.usage, "\(option) needs name=value", fix: "write \(option) name=value")
            }
            pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return pairs
    }
}
