package import Workflow
import Yams

/// Reads manifests as kubectl and helm read them: YAML 1.1 as Go's library has it.
///
/// Not Yams' own conversion, which would make a date of `2024-01-01` and a number of `1:30`: strings for Kubernetes.
package struct ManifestReader {
    /// Values that aliases may add to those that are written out.
    private static let aliasLimit = 100_000
    /// How deep values may be nested, by aliases too.
    private static let depthLimit = 1000

    /// How many more values may be made.
    private var left: Int

    /// The objects of a text with one or more YAML documents.
    package static func objects(in text: String) throws(StepError) -> [KubernetesObject] {
        try KubernetesObject.all(in: documents(in: text))
    }

    /// - Throws: A permanent error with line and column where the text is no YAML.
    package static func documents(in text: String) throws(StepError) -> [Value] {
        do {
            var nodes = try Yams.compose_all(yaml: text)
            // Each value that is written out takes a letter at least.
            var reader = ManifestReader(left: text.utf8.count + aliasLimit)
            var documents: [Value] = []
            while let node = nodes.next() { documents.append(try reader.value(of: node)) }
            // The sequence ends at a fault as it does at the text's end.
            if let error = nodes.error { throw error }
            return documents
        } catch let error as StepError {
            throw error
        } catch {
            throw StepError(.permanent, "this is no YAML: \(error)", remedy: "correct the manifest")
        }
    }

    /// Aliases are copies: a text of a few lines can stand for more than any memory holds.
    private mutating func value(of node: Node, depth: Int = 0) throws(StepError) -> Value {
        left -= 1
        guard left >= 0, depth < Self.depthLimit else {
            throw StepError(
                .permanent, "this YAML unfolds to too much: its aliases repeat each other, or it is nested too deep",
                remedy: "write out in the manifest what the aliases stand for")
        }
        switch node {
        case .scalar(let scalar): return Self.value(of: scalar)
        case .sequence(let sequence):
            var elements: [Value] = []
            for element in sequence { elements.append(try value(of: element, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [String: Value] = [:]
            for (key, member) in mapping {
                guard let key = key.scalar?.string else {
                    throw StepError(.permanent, "a manifest's keys must be plain words", remedy: "correct the manifest")
                }
                members[key] = try value(of: member, depth: depth + 1)
            }
            return .object(members)
        case .alias:
            throw StepError(.permanent, "a manifest's alias has no anchor", remedy: "correct the manifest")
        }
    }

    private static func value(of scalar: Node.Scalar) -> Value {
        let text = scalar.string
        guard scalar.style == .plain || scalar.style == .any, !scalar.tag.description.hasSuffix(":str") else {
            return .string(text)
        }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> Value? {
        guard let first = text.utf8.first, first < 0x3A else { return nil }  // a digit, a sign or a point
        let (sign, digits) =
            text.hasPrefix("-") ? ("-", text.dropFirst()) : ("", text.hasPrefix("+") ? text.dropFirst() : text[...])
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            let body = digits.dropFirst(2)
            guard body.first?.isHexDigit == true else { return nil }  // no second sign
            return Int(sign + body, radix: radix).map { .integer($0) }
        }
        if digits.count > 1, digits.hasPrefix("0"), let octal = Int(sign + digits, radix: 8) { return .integer(octal) }
        if let integer = Int(text) { return .integer(integer) }
        guard text.wholeMatch(of: /[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?/) != nil else { return nil }
        return Double(text).map { .number($0) }
    }
}
