import Foundation

/// The forms in which a secret shows up in texts: as it is, base64- and URL-encoded, quoted for JSON, YAML, XML and shells,
/// and line by line.
struct SecretForms {
    /// In bytes. A shorter secret would take every second word with it, and hide nothing.
    static let shortest = 3
    /// In bytes, of one line out of several: below it stands what many texts have, such as `}` or `EOF`.
    private static let shortestLine = 8

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
        for quoted in Self.quoted(secret) {
            insert(quoted)
            // JSON as a string within JSON.
            Self.jsonEscapes.forEach { insert($0(quoted)) }
        }
        for form in Self.urlEncoded(secret) { insert(form) }
        if encoded { addBase64(of: Array(secret.utf8)) }
    }

    private mutating func insert(_ text: some StringProtocol) {
        if text.utf8.count >= Self.shortest { needles.insert(Array(text.utf8)) }
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

    /// Within a longer text, base64 of the same bytes has three forms. Of each, the characters that do not depend on what
    /// stands beside it; up to four bits of the secret's first and last byte are in the characters next to them.
    private static func base64Cores(of bytes: [UInt8]) -> [String] {
        guard bytes.count >= 4 else { return [] }
        return (0..<3).map { before in
            let encoded = Data([UInt8](repeating: 0, count: before) + bytes).base64EncodedString()
            let first = (8 * before + 5) / 6
            let end = 8 * (before + bytes.count) / 6
            return String(encoded.dropFirst(first).prefix(end - first))
        }
    }

    // MARK: URLs

    /// What programs leave as it is differs: RFC 3986, `encodeURIComponent`, `encodeURI`, forms, letters and digits alone.
    private static let untouched: [Set<UInt8>] = ["-._~", "-._~!*'()", "-._~!*'();/?:@&=+$,", "-._*", ""].map {
        Set($0.utf8)
    }

    private static func urlEncoded(_ text: String) -> Set<String> {
        var forms: Set<String> = []
        for untouched in untouched {
            for digits in ["0123456789ABCDEF", "0123456789abcdef"] {
                let form = percentEncoded(text, untouched: untouched, digits: Array(digits.utf8))
                forms.insert(form)
                forms.insert(form.replacing("%20", with: "+"))
            }
        }
        return forms
    }

    private static func percentEncoded(_ text: String, untouched: Set<UInt8>, digits: [UInt8]) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                encoded.append(byte)
            case _ where untouched.contains(byte): encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    // MARK: Quotes

    private static func quoted(_ text: String) -> [String] {
        jsonEscapes.map { $0(text) } + [
            text.replacing("'", with: "''"),  // YAML
            text.replacing("'", with: "'\\''"),  // shells
            text.replacing("'", with: "'\"'\"'"),
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
                .replacing("\"", with: "&quot;").replacing("'", with: "&#39;"),
        ]
    }

    /// Ours; with `/` escaped; as Go writes it; as Python writes it.
    private static let jsonEscapes: [@Sendable (String) -> String] = [
        { json($0) },
        { json($0).replacing("/", with: "\\/") },
        { json($0).replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing("&", with: "\\u0026") },
        { text in
            var ascii = ""
            for unit in json(text).utf16 {
                if unit < 0x7F, let scalar = UnicodeScalar(unit) {
                    ascii.unicodeScalars.append(scalar)
                } else {
                    let digits = String(unit, radix: 16)
                    ascii += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            }
            return ascii
        },
    ]

    private static func json(_ text: String) -> String {
        String(Value.string(text).canonicalJSON.dropFirst().dropLast())
    }
}
