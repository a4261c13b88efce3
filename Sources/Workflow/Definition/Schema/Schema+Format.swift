import Foundation

extension Schema {
    /// Whether the pattern matches the whole text. A pattern that cannot be compiled matches nothing.
    static func matches(_ text: String, pattern: String) -> Bool {
        guard let expression = compile(pattern: pattern) else { return false }
        let range = NSRange(location: 0, length: text.utf16.count)
        return expression.firstMatch(in: text, range: range)?.range == range
    }

    /// Nil where it is no regular expression.
    static func compile(pattern: String) -> NSRegularExpression? {
        // Compiled alone first: `a)(b` would be balanced by the group around it.
        guard (try? NSRegularExpression(pattern: pattern)) != nil else { return nil }
        return try? NSRegularExpression(pattern: "\\A(?:\(pattern))\\z")
    }
}

extension Schema.Format {
    /// Whether the text has this format.
    public func accepts(_ text: String) -> Bool {
        switch self {
        case .email:
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && parts[0].utf8.count <= 64
                && parts[0].allSatisfy { !$0.isWhitespace && !"\"(),:;<>[\\]".contains($0) }
                && Self.isHostname(parts[1]) && parts[1].contains(".")
        case .hostname: return Self.isHostname(text[...])
        case .uri:
            guard let colon = text.firstIndex(of: ":"), text.first?.isLetter == true else { return false }
            let scheme = text[..<colon]
            let rest = text[text.index(after: colon)...]
            guard scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }),
                !rest.isEmpty, !text.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "<" || $0 == ">" })
            else { return false }
            let host = rest.dropFirst(2).prefix { !"/?#".contains($0) }
            return !["http", "https", "oci"].contains(scheme) || (rest.hasPrefix("//") && !host.isEmpty)
        case .uuid:
            let groups = text.split(separator: "-", omittingEmptySubsequences: false)
            return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
                && groups.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isHexDigit } }
        case .path: return !text.isEmpty && !text.contains("\0")
        case .duration: return Duration(text: text) != nil
        case .ipv4:
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4
                && parts.allSatisfy { part in
                    (1...3).contains(part.utf8.count) && part.allSatisfy { $0.isASCII && $0.isNumber }
                        && (part == "0" || !part.hasPrefix("0")) && UInt8(part) != nil
                }
        }
    }

    /// RFC 1123: labels of letters, digits and inner hyphens.
    private static func isHostname(_ text: Substring) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        }
    }

    var wanted: String {
        switch self {
        case .email: "an e-mail address"
        case .hostname: "a host name"
        case .uri: "a URI"
        case .uuid: "a UUID"
        case .path: "a path"
        case .duration: "a duration"
        case .ipv4: "an IPv4 address"
        }
    }

    var example: String {
        switch self {
        case .email: "name@example.com"
        case .hostname: "app.example.com"
        case .uri: "https://app.example.com"
        case .uuid: "7d444840-9dc0-11d1-b245-5ffdce74fad2"
        case .path: "folder/file"
        case .duration: "90s, 10m or 1h30m"
        case .ipv4: "10.0.0.1"
        }
    }
}
