package import Workflow

/// `clearml.settings`: the server's configuration as the environment entries that the chart's `extraEnvs` take.
///
/// Nothing but arithmetic: what it gives follows from what it takes. The list may hold secrets, so it comes as one sealed
/// text, for `from_json(…)` in a values file.
package struct ClearMLSettings: CheckingStepKind {
    package let name = "clearml.settings"
    package let summary = "Writes ClearML server settings as environment entries, every value quoted as HOCON."
    package let parameters = [
        Parameter(
            "settings", .map(.any), required: true, secret: true,
            "Values by configuration path, such as `apiserver.company.unique_names`; null leaves the setting out."),
        Parameter("overrides", .map(.any), default: [:], secret: true, "More settings, over those of `settings`."),
        Parameter(
            "entries", .array(.any), default: [], secret: true,
            "More entries as they are, `{name, value}` or `{name, valueFrom}`, over settings of the same name."),
    ]
    package let outputs = [
        Parameter("env", .string, secret: true, "The entries as a JSON text: read it with from_json(…)."),
        Parameter("names", .array(.string), "The names of the entries, in order."),
    ]

    package init() {}

    package func check(_ input: StepInput, _ context: StepContext) async throws -> StepOutput {
        var entries: [(name: String, entry: Value)] = []
        let settings = try input.object("settings").merging(try input.object("overrides")) { $1 }
        for (path, value) in settings.sorted(by: { $0.key < $1.key }) {
            guard let name = ServerVariable.name(of: path) else {
                throw StepError(
                    .permanent, "'\(path)' cannot be set by the environment", object: path,
                    remedy: "write lower-case letters, digits and single '_', with '.' between the parts")
            }
            if let text = HOCON.text(of: value) { entries.append((name, ServerVariable.entry(name, text))) }
        }
        let given = input["entries"]?.arrayValue ?? []
        for (index, entry) in given.enumerated() {
            guard let name = entry["name"]?.stringValue,
                (entry["value"]?.stringValue != nil) != (entry["valueFrom"] != nil)
            else {
                throw StepError(
                    .permanent, "entry \(index + 1) has no 'name' with either a text as 'value' or a 'valueFrom'",
                    object: "entries", remedy: "write it as in a container's env; put numbers and booleans into quotes")
            }
            entries.append((name, entry))
        }
        // The server lower-cases the names, and which of two it would take is left to chance: so the last one stays.
        var last: [String: Int] = [:]
        for (index, entry) in entries.enumerated() { last[entry.name.lowercased()] = index }
        let kept = entries.enumerated().filter { last[$1.name.lowercased()] == $0 }.map(\.element)
        return StepOutput(
            ["names": .array(kept.map { .string($0.name) })],
            secrets: ["env": Value.array(kept.map(\.entry)).canonicalJSON])
    }
}
