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
            let part = Array(part.lowercased().utf8)
            return words.contains { part.contains($0) }
                && !references.contains { part.suffix($0.count).elementsEqual($0) }
        }
    }

    // Compared byte by byte, as a regular expression would be read again for each of the thousands of values of a chart.
    private static let words =
        bytes(["passw", "passphrase", "secret", "token", "credential", "connectionstring", "connection_string"])
        + bytes(
            ["api", "access", "private", "user", "encryption"].flatMap { ["\($0)key", "\($0)-key", "\($0)_key"] })
    /// Names of secrets, and switches about them, are no secrets.
    private static let references = bytes(["name", "ref", "enabled", "existingsecret"])

    private static func bytes(_ words: [String]) -> [[UInt8]] { words.map { Array($0.utf8) } }

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
