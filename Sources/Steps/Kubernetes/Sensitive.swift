package import Workflow

/// Keeps what looks like a secret out of changes, which plans print and the journal stores.
///
/// The engine's redactor knows the secrets of a run; it does not know what somebody else has put into the cluster.
package enum Sensitive {
    /// Stands for a value that is not shown.
    package static let hidden: Value = "(hidden)"

    /// Whether the value at this path may be a secret, by the names of its last two parts (`env[DB_PASSWORD].value`).
    package static func hides(_ path: [String]) -> Bool {
        path.suffix(2).contains { part in
            let names = /(?i)passw|passphrase|secret|token|credential|connection_?string/
            let keys = /(?i)(api|access|private|user|encryption)[-_]?key/
            // Names of secrets, and switches about them, are no secrets.
            let references = /(?i)(name|ref|enabled|existingsecret)$/
            return (part.contains(names) || part.contains(keys)) && !part.contains(references)
        }
    }

    /// The change without its values where they may be secret, also inside an object or a list.
    package static func shown(_ value: Value?, at path: [String]) -> Value? {
        guard let value, !value.isNull else { return value }
        if hides(path) { return hidden }
        switch value {
        case .object(let members):
            if let name = members["name"]?.stringValue, members["value"] != nil, hides([name]) {
                return .object(members.merging(["value": hidden]) { $1 })
            }
            return .object(Dictionary(uniqueKeysWithValues: members.map { ($0, shown($1, at: path + [$0]) ?? .null) }))
        case .array(let elements): return .array(elements.map { shown($0, at: path) ?? .null })
        case .null, .bool, .integer, .number, .string: return value
        }
    }
}
