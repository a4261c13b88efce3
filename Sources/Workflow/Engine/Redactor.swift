import Foundation

/// Takes secret values out of everything that leaves a step: also base64- and URL-encoded, and inside JSON strings.
public struct Redactor: Sendable {
    private static let mask = "***"
    /// What is looked for, longest first, so that a secret that holds another goes whole.
    private var needles: [String] = []
    private var known: Set<String> = []

    public init(_ secrets: some Sequence<String> = []) {
        for secret in secrets { insert(secret) }
        sort()
    }

    /// Adds secrets that became known later.
    public mutating func add(_ secrets: some Sequence<String>) {
        for secret in secrets { insert(secret) }
        sort()
    }

    public func redact(_ text: String) -> String {
        var text = text
        for needle in needles where text.contains(needle) {
            text = text.replacingOccurrences(of: needle, with: Self.mask)
        }
        return text
    }

    public func redact(_ value: Value) -> Value {
        if needles.isEmpty { return value }
        return switch value {
        case .string(let text): .string(redact(text))
        case .array(let elements): .array(elements.map(redact))
        case .object(let members):
            .object(Dictionary(members.map { (redact($0), redact($1)) }, uniquingKeysWith: { $1 }))
        case .integer, .number:
            // An all-digit secret may have become a number on its way.
            known.contains(value.canonicalJSON) ? .string(Self.mask) : value
        case .null, .bool: value
        }
    }

    public func redact(_ error: StepError) -> StepError {
        StepError(
            error.kind, redact(error.message), object: error.object.map(redact), remedy: error.remedy.map(redact))
    }

    /// Whether the value holds a secret, in any of the forms.
    public func finds(in value: Value) -> Bool { redact(value) != value }

    private mutating func insert(_ secret: String) {
        // Shorter ones would take every second word with them, and hide nothing.
        guard secret.utf8.count >= 3, known.insert(secret).inserted else { return }
        var forms: Set<String> = [secret]
        // Output is stored by lines.
        let lines = secret.split(whereSeparator: \.isNewline).map(String.init)
        if lines.count > 1 { forms.formUnion(lines.filter { $0.utf8.count >= 8 }) }
        let bytes = Array(secret.utf8)
        // Within a longer text, base64 of the same bytes has three forms; of each, the characters that do not depend on
        // what stands beside it.
        for before in 0..<3 where bytes.count >= 6 {
            let encoded = Data([UInt8](repeating: 0, count: before) + bytes).base64EncodedString()
            let first = (8 * before + 5) / 6
            let end = 8 * (before + bytes.count) / 6
            forms.formUnion(Self.alphabets(of: String(encoded.dropFirst(first).prefix(end - first))))
        }
        forms.formUnion(Self.alphabets(of: Data(bytes).base64EncodedString()))
        for allowed in [CharacterSet.urlQueryAllowed, .urlUserAllowed, .alphanumerics, Self.unreserved] {
            if let encoded = secret.addingPercentEncoding(withAllowedCharacters: allowed) { forms.insert(encoded) }
        }
        forms.insert(String(Value.string(secret).canonicalJSON.dropFirst().dropLast()))
        needles.append(contentsOf: forms.filter { $0.utf8.count >= 3 })
    }

    /// Base64 in its two alphabets.
    private static func alphabets(of base64: String) -> [String] {
        [base64, base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")]
    }

    private mutating func sort() {
        needles = Array(Set(needles)).sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
