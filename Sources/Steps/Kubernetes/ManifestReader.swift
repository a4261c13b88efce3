package import Workflow
import Yams

/// Reads manifests as kubectl and helm read them: YAML 1.1 as Go's library has it.
///
/// Not Yams' own conversion, which would make a date of `2024-01-01` and a number of `1:30`: strings for Kubernetes.
package struct ManifestReader {
    /// The objects of a text with one or more YAML documents.
    package static func objects(in text: String) throws(StepError) -> [KubernetesObject] {
        try KubernetesObject.all(in: documents(in: text))
    }

    /// - Throws: A permanent error with line and column where the text is no YAML.
    package static func documents(in text: String) throws(StepError) -> [Value] {
        do {
            var nodes = try Yams.compose_all(yaml: text)
            var documents: [Value] = []
            while let node = nodes.next() { documents.append(try value(of: node)) }
            // The sequence ends at a fault as it does at the text's end.
            if let error = nodes.error { throw error }
            return documents
        } catch let error as StepError {
            throw error
        } catch {
            throw StepError(.permanent, "this is no YAML: \(error)", remedy: "correct the manifest")
        }
    }

    private static func value(of node: Node) throws(StepError) -> Value {
        switch node {
        case .scalar(let scalar): return value(of: scalar)
        case .sequence(let sequence):
            var elements: [Value] = []
            for element in sequence { elements.append(try value(of: element)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [String: Value] = [:]
            for (key, member) in mapping {
                guard let key = key.scalar?.string else {
                    throw StepError(.permanent, "a manifest's keys must be plain words", remedy: "correct the manifest")
                }
                members[key] = try value(of: member)
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
            text.hasPrefix("-") ? (-1, text.dropFirst()) : (1, text.hasPrefix("+") ? text.dropFirst() : text[...])
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            return Int(digits.dropFirst(2), radix: radix).map { .integer(sign * $0) }
        }
        if digits.count > 1, digits.hasPrefix("0"), let octal = Int(digits, radix: 8) { return .integer(sign * octal) }
        if let integer = Int(text) { return .integer(integer) }
        guard text.wholeMatch(of: /[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?/) != nil else { return nil }
        return Double(text).map { .number($0) }
    }
}
