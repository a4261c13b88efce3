import Foundation

/// The forms in which a secret shows up in texts: as it is, base64-encoded, in hexadecimal digits, quoted for YAML, XML
/// and shells, and line by line.
///
/// URL encoding and JSON's escapes are not among them: they are taken off the text, see `DecodedText`.
struct SecretForms {
    /// In bytes. A shorter secret would take every second word with it, and hide nothing.
    static let shortest = 3
    /// In bytes, of one line out of several: below it stands what many texts have, such as `}` or `EOF`.
    private static let shortestLine = 8
    /// In bytes, of a secret whose hexadecimal digits are looked for: fewer digits are part of many a number.
    private static let shortestInHex = 6

    private(set) var needles: Set<[UInt8]> = []

    init(of secret: String) {
        add(secret)
        // A file's last line end is rarely part of what is done with it.
        let trimmed = secret.trimmingCharacters(in: .whitespacesAndNewlines)
        if trimmed != secret { add(trimmed) }
        // Output is taken in by lines.
        let lines = trimmed.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        if lines.count > 1 { lines.filter(Self.isTelling).forEach { add($0, encoded: false) } }
    }

    /// Whether a line of a longer secret says anything: the frame of a PEM text, or the key of a YAML block, does not.
    private static func isTelling(_ line: String) -> Bool {
        line.utf8.count >= shortestLine && !line.hasPrefix("-----") && !line.hasSuffix(":") && !line.hasSuffix("{")
            && !line.hasSuffix("[")
    }

    private mutating func add(_ secret: String, encoded: Bool = true) {
        guard secret.utf8.count >= Self.shortest else { return }
        insert(secret)
        insert(secret.replacing("'", with: "''"))  // YAML
        insert(secret.replacing("'", with: "'\\''"))  // shells
        insert(secret.replacing("'", with: "'\"'\"'"))
        insert(
            secret.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
                .replacing("\"", with: "&quot;").replacing("'", with: "&#39;"))
        guard encoded else { return }
        addBase64(of: Array(secret.utf8))
        addHex(of: Array(secret.utf8))
    }

    private mutating func insert(_ text: some StringProtocol) {
        if text.utf8.count >= Self.shortest { needles.insert(Array(text.utf8)) }
    }

    /// As `xxd -p` and `od` print it; `%02X` is as common.
    private mutating func addHex(of bytes: [UInt8]) {
        guard bytes.count >= Self.shortestInHex else { return }
        let digits = Array("0123456789abcdef")
        let hex = String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        insert(hex)
        insert(hex.uppercased())
    }

    // MARK: Base64

    private mutating func addBase64(of bytes: [UInt8]) {
        let whole = Data(bytes).base64EncodedString()
        insertBase64(whole)
        let unpadded = whole.replacing("=", with: "")
        insertBase64(unpadded)
        // Broken into lines, as `base64` and PEM do.
        for width in [64, 76] where unpadded.utf8.count > width {
            var rest = unpadded[...]
            while !rest.isEmpty {
                if rest.utf8.count >= Self.shortestLine { insertBase64(String(rest.prefix(width))) }
                rest = rest.dropFirst(width)
            }
        }
        for core in Self.base64Cores(of: bytes) {
            insertBase64(core)
            // Kubernetes encodes what a registry's credentials have encoded already.
            if bytes.count >= 6 { Self.base64Cores(of: Array(core.utf8)).forEach { insertBase64($0) } }
        }
    }

    /// In both of its alphabets.
    private mutating func insertBase64(_ text: String) {
        insert(text)
        insert(text.replacing("+", with: "-").replacing("/", with: "_"))
    }

    /// Within a longer text, base64 of the same bytes has three forms. Of each, the characters that do not depend on
    /// what stands beside it; up to four bits of the secret's first and last byte are in the characters next to them.
    private static func base64Cores(of bytes: [UInt8]) -> [String] {
        guard bytes.count >= 4 else { return [] }
        return (0..<3).map { before in
            let encoded = Data([UInt8](repeating: 0, count: before) + bytes).base64EncodedString()
            let first = (8 * before + 5) / 6
            let end = 8 * (before + bytes.count) / 6
            return String(encoded.dropFirst(first).prefix(end - first))
        }
    }
}
