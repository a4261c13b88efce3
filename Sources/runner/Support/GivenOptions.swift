import ArgumentParser
import Foundation
import Workflow

/// The options that give a workflow its inputs and secrets.
struct GivenOptions: ParsableArguments {
    @Option(
        name: [.customShort("i"), .customLong("input")],
        help: ArgumentHelp("An input. May be repeated.", valueName: "name=value"))
    var inputs: [String] = []

    @Option(
        name: [.customShort("f"), .customLong("inputs")],
        help: ArgumentHelp(
            "A YAML file of inputs; later files win over earlier ones, and -i wins over all.", valueName: "file"),
        completion: Candidates.inputFiles)
    var files: [String] = []

    @OptionGroup var bindings: SecretOptions

    /// The values of files, the last one winning.
    func fileValues() throws -> [String: Value] {
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
        return given
    }

    /// The texts given with `-i`, by name.
    func texts() throws -> [String: String] { try Pairs.read(inputs, option: "-i") }
}

/// The option that binds secrets.
struct SecretOptions: ParsableArguments {
    @Option(
        name: .customLong("secret"),
        help: ArgumentHelp(
            "Where a secret, or a secret input, comes from: env:VARIABLE, file:PATH, kubernetes:NAMESPACE/NAME/KEY or "
                + "exec:COMMAND. May be repeated. Without it, RUNNER_SECRET_NAME is looked for in the environment.",
            valueName: "name=source"))
    var secrets: [String] = []

    /// The sources by name.
    ///
    /// - Throws: Without quoting the source where it is of no known kind: it may be the secret itself.
    func sources() throws -> [String: String] {
        let sources = try Pairs.read(secrets, option: "--secret")
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) where !SecretSource.isSource(source) {
            throw CommandFailure(
                .badData,
                "secret '\(name)' is not bound to a source (what was given is not shown, as it may be the secret)",
                fix:
                    "write --secret \(name)=env:VARIABLE, file:PATH, kubernetes:NAMESPACE/NAME/KEY or exec:COMMAND; a value "
                    + "on the command line can be read by others")
        }
        return sources
    }
}

/// `name=value` arguments.
enum Pairs {
    /// - Parameter option: For the error; values are not quoted in it.
    static func read(_ texts: [String], option: String) throws -> [String: String] {
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
