/// How plain (unquoted) YAML text becomes a value: the core schema of YAML 1.2, less what other readers take for
/// something else. What is doubtful is refused, so that no file means two things.
enum YAMLScalar {
    enum Reading {
        case value(Value)
        /// The message, and what to write instead.
        case refused(String, fix: String)
    }

    static func read(plain text: String) -> Reading {
        switch text {
        case "", "~", "null", "Null", "NULL": return .value(.null)
        case "true", "True", "TRUE": return .value(.bool(true))
        case "false", "False", "FALSE": return .value(.bool(false))
        case "yes", "Yes", "YES", "on", "On", "ON": return doubtful(text, "true")
        case "no", "No", "NO", "off", "Off", "OFF": return doubtful(text, "false")
        case ".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
            return .refused("'\(text)' is no number that JSON can hold", fix: "write a finite number, or \"\(text)\"")
        default: break
        }
        guard let first = text.utf8.first, first < 0x80, "+-.0123456789".utf8.contains(first) else {
            return .value(.string(text))
        }
        return number(text) ?? .value(.string(text))
    }

    private static func doubtful(_ text: String, _ meaning: String) -> Reading {
        .refused(
            "'\(text)' is text to some readers of YAML and \(meaning) to others",
            fix: "write \(meaning), or \"\(text)\" for the text")
    }

    /// Nil where the text is no number.
    private static func number(_ text: String) -> Reading? {
        let negative = text.hasPrefix("-")
        let digits = text.drop { $0 == "-" || $0 == "+" }
        guard text.utf8.count - digits.utf8.count <= 1 else { return nil }
        for (prefix, radix) in [("0x", 16), ("0o", 8)] where digits.hasPrefix(prefix) {
            let body = digits.dropFirst(2)
            guard !body.isEmpty, body.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
            guard let value = Int((negative ? "-" : "") + body, radix: radix) else { return tooLarge(text) }
            return .value(.integer(value))
        }
        guard isDecimal(digits.utf8) else { return nil }
        if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            if digits.utf8.count > 1, digits.hasPrefix("0") {
                let bare = digits.drop { $0 == "0" }
                return .refused(
                    "'\(text)' is octal to some readers of YAML and decimal to others",
                    fix: "write \"\(text)\" for text, 0o\(bare) for octal, or \(bare.isEmpty ? "0" : bare) for decimal")
            }
            guard let value = Int(text) else { return tooLarge(text) }
            return .value(.integer(value))
        }
        guard let value = Double(text), value.isFinite else { return tooLarge(text) }
        return .value(.number(value))
    }

    private static func tooLarge(_ text: String) -> Reading {
        .refused("the number \(text.prefix(40)) is out of range", fix: "write \"\(text.prefix(40))\" for the text")
    }

    /// `[0-9]* ("." [0-9]*)? ([eE] [-+]? [0-9]+)?` with at least one digit before the exponent.
    private static func isDecimal(_ text: Substring.UTF8View) -> Bool {
        var rest = text[...]
        func takeDigits() -> Int {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            return digits.count
        }
        var count = takeDigits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += takeDigits()
        }
        guard count > 0 else { return false }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
